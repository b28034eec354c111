;; A plugin that does what its configuration says, so that journeys are written as data. Each line is
;;
;;   PHASE COMMAND [ARGUMENT [REST]]          divided by single blanks; REST goes to the end of the line
;;
;; PHASE: vm_start configure context_create request_headers request_body request_trailers response_headers
;; response_body response_trailers done log delete. The lines of a phase run in their order; headers are those of its
;; direction, or its trailers where the phase is theirs. A word that is unknown traps.
;;
;;   add NAME VALUE       adds a header              if NAME        goes on only when the request has this header
;;   replace NAME VALUE   sets a header              unless NAME    goes on only when it has not
;;   remove NAME          removes a header           pause          returns Pause
;;   get NAME HEADER      copies a request header    resume         lets the exchange that paused last go on
;;   property NAME PATH   header: a property; segments are divided by /
;;   number NAME PATH     header: a property of 8 bytes, in decimal
;;   set PROPERTY VALUE   sets a property            close [TYPE]   closes a stream (default 0)
;;   log LEVEL TEXT       writes TEXT (LEVEL 0-5)    trap           is unreachable
;;   tell                 logs "PHASE SIZE END"      loop           never ends
;;   body TEXT            replaces the body          grow           takes memory until there is none, then traps
;;   append TEXT          adds to the body           refuse         returns false
;;   answer STATUS BODY   a local response with the header x-script: answered
;;   reroute              has the route chosen again
;;   keep PROPERTY PATH   sets a property to another one
;;   count PROPERTY PATH  sets a property to another one of 8 bytes, in decimal
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_bytes" (func $get_buffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_buffer_bytes" (func $set_buffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value" (func $add_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_replace_header_map_value" (func $replace_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_remove_header_map_value" (func $remove_header (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value" (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_property" (func $get_property (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_property" (func $set_property (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_send_local_response"
    (func $send_local_response (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $continue_stream (param i32) (result i32)))
  (import "env" "proxy_close_stream" (func $close_stream (param i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $set_effective_context (param i32) (result i32)))

  (import "env" "proxy_call_foreign_function"
    (func $clear_route_cache (param i32 i32 i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 64)
  ;; Phases, each with its length before it; then commands in steps of 12, filled up with blanks.
  (data (i32.const 0) "\08vm_start") (data (i32.const 20) "\09configure") 
  (data (i32.const 60) "\0econtext_create") (data (i32.const 80) "\0frequest_headers")
  (data (i32.const 100) "\0crequest_body") (data (i32.const 120) "\10response_headers")
  (data (i32.const 140) "\0dresponse_body") (data (i32.const 160) "\04done") (data (i32.const 180) "\03log")
  (data (i32.const 200) "\06delete") (data (i32.const 220) "\10request_trailers")
  (data (i32.const 240) "\11response_trailers")
  (data (i32.const 300) "add         replace     remove      get         property    number      set         log         ")
  (data (i32.const 396) "tell        body        append      answer      if          unless      pause       resume      ")
  (data (i32.const 492) "close       trap        loop        grow        refuse      keep        count       reroute     ")
  (global $commands i32 (i32.const 24))
  (data (i32.const 600) "clear_route_cache")
  (data (i32.const 700) "\01\00\00\00\08\00\00\00\08\00\00\00x-script\00answered\00")
  (data (i32.const 740) "as told")
  (global $out i32 (i32.const 800)) ;; address and size that host calls give
  (global $line i32 (i32.const 1024)) ;; what is written there is logged or set

  ;; Blocks live until the next callback.
  (global $next (mut i32) (i32.const 8192))
  (func $allocate (export "proxy_on_memory_allocate") (param $size i32) (result i32)
    (global.set $next (i32.add (global.get $next) (local.get $size)))
    (i32.sub (global.get $next) (local.get $size)))
  (func (export "proxy_abi_version_0_2_1"))

  (global $at (mut i32) (i32.const 0)) ;; reader of the configuration
  (global $end (mut i32) (i32.const 0))
  (global $context (mut i32) (i32.const 0))
  (global $paused (mut i32) (i32.const 0)) ;; the context that paused last
  (global $result (mut i32) (i32.const 0))
  (global $map (mut i32) (i32.const 0)) ;; whose headers are meant
  (global $body (mut i32) (i32.const 0))
  (global $size (mut i32) (i32.const 0))
  (global $is_end (mut i32) (i32.const 0))

  (func $given_at (result i32) (i32.load (global.get $out)))
  (func $given_size (result i32) (i32.load offset=4 (global.get $out)))

  (func $same (param $a i32) (param $b i32) (param $size i32) (result i32)
    (block $no
      (loop $next
        (if (i32.eqz (local.get $size)) (then (return (i32.const 1))))
        (local.set $size (i32.sub (local.get $size) (i32.const 1)))
        (br_if $no (i32.ne (i32.load8_u (i32.add (local.get $a) (local.get $size)))
                           (i32.load8_u (i32.add (local.get $b) (local.get $size)))))
        (br $next)))
    (i32.const 0))

  ;; Reads on up to `stop` or the end of the line; $at is behind it then. The length of what was read.
  (func $read_to (param $stop i32) (result i32) (local $from i32) (local $byte i32)
    (local.set $from (global.get $at))
    (loop $next
      (if (i32.ge_u (global.get $at) (global.get $end))
        (then (return (i32.sub (global.get $at) (local.get $from)))))
      (local.set $byte (i32.load8_u (global.get $at)))
      (if (i32.or (i32.eq (local.get $byte) (local.get $stop)) (i32.eq (local.get $byte) (i32.const 10)))
        (then
          (if (i32.eq (local.get $byte) (local.get $stop)) (then (global.set $at (i32.add (global.get $at) (i32.const 1)))))
          (return (i32.sub (i32.sub (global.get $at) (local.get $from)) (i32.eq (local.get $byte) (local.get $stop))))))
      (global.set $at (i32.add (global.get $at) (i32.const 1)))
      (br $next))
    unreachable)

  (func $command_of (param $word i32) (param $size i32) (result i32) (local $i i32) (local $name i32)
    (loop $next
      (local.set $name (i32.add (i32.const 300) (i32.mul (local.get $i) (i32.const 12))))
      (if (i32.and (i32.eq (i32.load8_u (i32.add (local.get $name) (local.get $size))) (i32.const 32))
                   (call $same (local.get $name) (local.get $word) (local.get $size)))
        (then (return (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (global.get $commands))))
    unreachable) ;; a script with a mistake

  (func $number_at (param $at i32) (param $size i32) (result i32) (local $value i32)
    (loop $next
      (if (local.get $size) (then
        (local.set $value (i32.add (i32.mul (local.get $value) (i32.const 10))
                                   (i32.sub (i32.load8_u (local.get $at)) (i32.const 48))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $size (i32.sub (local.get $size) (i32.const 1)))
        (br $next))))
    (local.get $value))

  ;; Writes decimal digits that end before `end`; where they begin.
  (func $write_number (param $value i64) (param $end i32) (result i32)
    (loop $next
      (local.set $end (i32.sub (local.get $end) (i32.const 1)))
      (i32.store8 (local.get $end) (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $value) (i64.const 10)))))
      (local.set $value (i64.div_u (local.get $value) (i64.const 10)))
      (br_if $next (i64.ne (local.get $value) (i64.const 0))))
    (local.get $end))

  (func $has_header (param $name i32) (param $size i32) (result i32)
    (i32.eqz (call $get_header (i32.const 0) (local.get $name) (local.get $size)
                   (global.get $out) (i32.add (global.get $out) (i32.const 4)))))

  ;; Gets a property whose segments are divided by slashes; true when it is there.
  (func $find_property (param $path i32) (param $size i32) (result i32) (local $i i32)
    (loop $next
      (if (i32.eq (i32.load8_u (i32.add (local.get $path) (local.get $i))) (i32.const 47))
        (then (i32.store8 (i32.add (local.get $path) (local.get $i)) (i32.const 0))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $size))))
    (i32.eqz (call $get_property (local.get $path) (local.get $size)
                   (global.get $out) (i32.add (global.get $out) (i32.const 4)))))

  ;; "PHASE SIZE END" at info.
  (func $tell (param $phase i32) (local $from i32) (local $length i32)
    (i32.store8 (i32.add (global.get $line) (i32.const 99)) (i32.add (i32.const 48) (global.get $is_end)))
    (i32.store8 (i32.add (global.get $line) (i32.const 98)) (i32.const 32))
    (local.set $from (call $write_number (i64.extend_i32_u (global.get $size)) (i32.add (global.get $line) (i32.const 98))))
    (local.set $from (i32.sub (local.get $from) (i32.const 1)))
    (i32.store8 (local.get $from) (i32.const 32))
    (local.set $length (i32.load8_u (local.get $phase)))
    (local.set $from (i32.sub (local.get $from) (local.get $length)))
    (memory.copy (local.get $from) (i32.add (local.get $phase) (i32.const 1)) (local.get $length))
    (drop (call $log (i32.const 2) (local.get $from)
                (i32.sub (i32.add (global.get $line) (i32.const 100)) (local.get $from)))))

  (func $pause
    (global.set $paused (global.get $context))
    (global.set $result (i32.const 1)))

  (func $resume
    (drop (call $set_effective_context (global.get $paused)))
    (drop (call $continue_stream (i32.const 0)))
    (drop (call $continue_stream (i32.const 1)))
    (drop (call $set_effective_context (global.get $context))))

  ;; One command. False: the rest of the phase is left out.
  (func $do (param $phase i32) (param $command i32) (param $a i32) (param $a_size i32) (param $b i32) (param $b_size i32)
            (result i32) (local $digits i32)
    (block $reroute (block $count (block $keep (block $refuse (block $grow (block $loop (block $trap (block $close (block $resume (block $pause
    (block $unless (block $if (block $answer (block $append (block $body (block $tell
    (block $log (block $set (block $number (block $property (block $get (block $remove (block $replace (block $add
      (br_table $add $replace $remove $get $property $number $set $log $tell $body $append $answer $if $unless $pause
                $resume $close $trap $loop $grow $refuse $keep $count $reroute (local.get $command)))
    (; add ;)
    (drop (call $add_header (global.get $map) (local.get $a) (local.get $a_size) (local.get $b) (local.get $b_size)))
    (return (i32.const 1)))
    (; replace ;)
    (drop (call $replace_header (global.get $map) (local.get $a) (local.get $a_size) (local.get $b) (local.get $b_size)))
    (return (i32.const 1)))
    (; remove ;)
    (drop (call $remove_header (global.get $map) (local.get $a) (local.get $a_size)))
    (return (i32.const 1)))
    (; get ;)
    (if (call $has_header (local.get $b) (local.get $b_size)) (then
      (drop (call $add_header (global.get $map) (local.get $a) (local.get $a_size) (call $given_at) (call $given_size)))))
    (return (i32.const 1)))
    (; property ;)
    (if (call $find_property (local.get $b) (local.get $b_size)) (then
      (drop (call $add_header (global.get $map) (local.get $a) (local.get $a_size) (call $given_at) (call $given_size)))))
    (return (i32.const 1)))
    (; number ;)
    (if (call $find_property (local.get $b) (local.get $b_size)) (then
      (local.set $digits (call $write_number (i64.load (call $given_at)) (i32.add (global.get $line) (i32.const 60))))
      (drop (call $add_header (global.get $map) (local.get $a) (local.get $a_size) (local.get $digits)
                  (i32.sub (i32.add (global.get $line) (i32.const 60)) (local.get $digits))))))
    (return (i32.const 1)))
    (; set ;)
    (drop (call $set_property (local.get $a) (local.get $a_size) (local.get $b) (local.get $b_size)))
    (return (i32.const 1)))
    (; log ;)
    (drop (call $log (call $number_at (local.get $a) (local.get $a_size)) (local.get $b) (local.get $b_size)))
    (return (i32.const 1)))
    (; tell ;)
    (call $tell (local.get $phase))
    (return (i32.const 1)))
    (; body: the whole line behind the command ;)
    (drop (call $set_buffer (global.get $body) (i32.const 0) (i32.const -1) (local.get $a)
                (i32.sub (i32.add (local.get $b) (local.get $b_size)) (local.get $a))))
    (return (i32.const 1)))
    (; append ;)
    (drop (call $set_buffer (global.get $body) (global.get $size) (i32.const 0) (local.get $a)
                (i32.sub (i32.add (local.get $b) (local.get $b_size)) (local.get $a))))
    (return (i32.const 1)))
    (; answer ;)
    (drop (call $send_local_response (call $number_at (local.get $a) (local.get $a_size)) (i32.const 740) (i32.const 7)
                (local.get $b) (local.get $b_size) (i32.const 700) (i32.const 30) (i32.const -1)))
    (global.set $result (i32.const 1))
    (return (i32.const 0)))
    (; if ;)
    (return (call $has_header (local.get $a) (local.get $a_size))))
    (; unless ;)
    (return (i32.eqz (call $has_header (local.get $a) (local.get $a_size)))))
    (; pause ;)
    (call $pause)
    (return (i32.const 1)))
    (; resume ;)
    (call $resume)
    (return (i32.const 1)))
    (; close ;)
    (drop (call $close_stream (call $number_at (local.get $a) (local.get $a_size))))
    (return (i32.const 1)))
    (; trap ;)
    (unreachable))
    (; loop ;)
    (loop $forever (br $forever))
    (unreachable))
    (; grow ;)
    (loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    (unreachable))
    (; refuse ;)
    (global.set $result (i32.const 0))
    (return (i32.const 0)))
    (; keep ;)
    (if (call $find_property (local.get $b) (local.get $b_size)) (then
      (drop (call $set_property (local.get $a) (local.get $a_size) (call $given_at) (call $given_size)))))
    (return (i32.const 1)))
    (; count ;)
    (if (call $find_property (local.get $b) (local.get $b_size)) (then
      (local.set $digits (call $write_number (i64.load (call $given_at)) (i32.add (global.get $line) (i32.const 60))))
      (drop (call $set_property (local.get $a) (local.get $a_size) (local.get $digits)
                  (i32.sub (i32.add (global.get $line) (i32.const 60)) (local.get $digits))))))
    (return (i32.const 1)))
    (; reroute ;)
    (drop (call $clear_route_cache (i32.const 600) (i32.const 17) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
    (i32.const 1))

  ;; Runs the lines of a phase; `result` is what the callback returns if none of them says otherwise.
  (func $run (param $phase i32) (param $context i32) (param $map i32) (param $size i32) (param $is_end i32)
             (param $result i32) (result i32)
    (local $word i32) (local $length i32) (local $a i32) (local $a_size i32) (local $b i32) (local $rest i32)
    (local $is_ours i32)
    (global.set $next (i32.const 8192))
    (global.set $context (local.get $context))
    (global.set $map (local.get $map))
    (global.set $body (i32.shr_u (local.get $map) (i32.const 1)))
    (global.set $size (local.get $size))
    (global.set $is_end (local.get $is_end))
    (global.set $result (local.get $result))
    (if (call $get_buffer (i32.const 7) (i32.const 0) (i32.const 8192) (global.get $out)
              (i32.add (global.get $out) (i32.const 4)))
      (then (return (local.get $result))))
    (global.set $at (call $given_at))
    (global.set $end (i32.add (call $given_at) (call $given_size)))
    (loop $lines
      (if (i32.ge_u (global.get $at) (global.get $end)) (then (return (global.get $result))))
      (local.set $word (global.get $at))
      (local.set $length (call $read_to (i32.const 32)))
      (local.set $is_ours (i32.and
        (i32.eq (local.get $length) (i32.load8_u (local.get $phase)))
        (call $same (local.get $word) (i32.add (local.get $phase) (i32.const 1)) (local.get $length))))
      (local.set $word (global.get $at))
      (local.set $length (call $read_to (i32.const 32)))
      (local.set $a (global.get $at))
      (local.set $a_size (call $read_to (i32.const 32)))
      (local.set $b (global.get $at))
      (local.set $rest (call $read_to (i32.const 10)))
      (br_if $lines (i32.eqz (local.get $is_ours)))
      (br_if $lines (call $do (local.get $phase) (call $command_of (local.get $word) (local.get $length))
                              (local.get $a) (local.get $a_size) (local.get $b) (local.get $rest))))
    (global.get $result))

  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    (call $run (i32.const 0) (local.get 0) (i32.const 0) (local.get 1) (i32.const 0) (i32.const 1)))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (call $run (i32.const 20) (local.get 0) (i32.const 0) (local.get 1) (i32.const 0) (i32.const 1)))
  (func (export "proxy_on_context_create") (param i32 i32)
    (if (local.get 1) (then
      (drop (call $run (i32.const 60) (local.get 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (call $run (i32.const 80) (local.get 0) (i32.const 0) (local.get 1) (local.get 2) (i32.const 0)))
  (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
    (call $run (i32.const 100) (local.get 0) (i32.const 0) (local.get 1) (local.get 2) (i32.const 0)))
  (func (export "proxy_on_request_trailers") (param i32 i32) (result i32)
    (call $run (i32.const 220) (local.get 0) (i32.const 1) (local.get 1) (i32.const 1) (i32.const 0)))
  (func (export "proxy_on_response_trailers") (param i32 i32) (result i32)
    (call $run (i32.const 240) (local.get 0) (i32.const 3) (local.get 1) (i32.const 1) (i32.const 0)))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (call $run (i32.const 120) (local.get 0) (i32.const 2) (local.get 1) (local.get 2) (i32.const 0)))
  (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
    (call $run (i32.const 140) (local.get 0) (i32.const 2) (local.get 1) (local.get 2) (i32.const 0)))
  (func (export "proxy_on_done") (param i32) (result i32)
    (call $run (i32.const 160) (local.get 0) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 1)))
  (func (export "proxy_on_log") (param i32)
    (drop (call $run (i32.const 180) (local.get 0) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0))))
  (func (export "proxy_on_delete") (param i32)
    (drop (call $run (i32.const 200) (local.get 0) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0)))))
