// Text: UTF-16 in AssemblyScript, UTF-8 at the host.

/** UTF-8. A surrogate without its other half becomes U+FFFD. */
export function encodeText(text: string): ArrayBuffer {
  return String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE);
}

/** Bytes that are no UTF-8 become other characters; take what may be so as bytes. */
export function decodeText(bytes: ArrayBuffer): string {
  return String.UTF8.decode(bytes);
}
