//! The messages of auth.proto, by hand: a plugin with so few of them needs no library.

const TEXT: u64 = 2; // fields with a length

pub struct Question<'a> {
    pub method: &'a str,
    pub target: &'a str,
    pub fields: &'a [(&'a str, String)],
}

impl Question<'_> {
    pub fn encode(&self) -> Vec<u8> {
        let mut message = Vec::new();
        put(&mut message, 1, self.method.as_bytes());
        put(&mut message, 2, self.target.as_bytes());
        for (name, value) in self.fields {
            let mut field = Vec::new();
            put(&mut field, 1, name.as_bytes());
            put(&mut field, 2, value.as_bytes());
            put(&mut message, 3, &field);
        }
        message
    }
}

/// The user of an Answer; empty where it names none, nothing where the message is broken.
pub fn user_in(mut message: &[u8]) -> Option<String> {
    let mut user = String::new();
    while !message.is_empty() {
        let key = take_number(&mut message)?;
        match key & 7 {
            0 => {
                take_number(&mut message)?;
            }
            1 => {
                take(&mut message, 8)?;
            }
            TEXT => {
                let size = usize::try_from(take_number(&mut message)?).ok()?;
                let text = take(&mut message, size)?;
                if key >> 3 == 1 {
                    user = String::from_utf8(text.to_vec()).ok()?;
                }
            }
            5 => {
                take(&mut message, 4)?;
            }
            _ => return None,
        }
    }
    Some(user)
}

fn put(message: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    put_number(message, number << 3 | TEXT);
    put_number(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

fn put_number(message: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        message.push(number as u8 | 0x80);
        number >>= 7;
    }
    message.push(number as u8);
}

fn take_number(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(message, 1)?[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn take<'a>(message: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let taken = message.get(..size)?;
    *message = &message[size..];
    Some(taken)
}
