;; A plugin that computes as long as the path of a request says, by its second byte; all else passes at once.
;;
;;   /wait      until the shared data has the key "go", which no request can bring about by waiting
;;   /go        puts that key there
;;   /loop      for ever
;;   /trap      as /wait, then traps
;;   /count/N   N thousand steps
;;
;; Each exchange logs its second byte when it begins and when its callback ends, and `.` with how many exchanges this
;; instance has begun.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value" (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_shared_data" (func $get_shared (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_shared_data" (func $set_shared (param i32 i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 1)
  (data (i32.const 0) "go:path")
  (global $out i32 (i32.const 16)) ;; address and size that host calls give
  (global $line i32 (i32.const 32))

  ;; What the host gives is read at once.
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 4096))
  (func (export "proxy_abi_version_0_2_1"))

  (func $say (param $first i32) (param $second i32)
    (i32.store8 (global.get $line) (local.get $first))
    (i32.store8 (i32.add (global.get $line) (i32.const 1)) (local.get $second))
    (drop (call $log (i32.const 2) (global.get $line) (i32.const 2))))

  (func $wait
    (loop $again
      (br_if $again (call $get_shared (i32.const 0) (i32.const 2) (global.get $out)
                                      (i32.add (global.get $out) (i32.const 4)) (i32.const 28)))))

  ;; The number at `$at`, to the end of the path.
  (func $number (param $at i32) (param $end i32) (result i32) (local $number i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $number (i32.add (i32.mul (local.get $number) (i32.const 10))
                                    (i32.sub (i32.load8_u (local.get $at)) (i32.const 48))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (local.get $number))

  (func $count (param $thousands i32) (local $left i64)
    (local.set $left (i64.mul (i64.extend_i32_u (local.get $thousands)) (i64.const 1000)))
    (block $done
      (loop $next
        (br_if $done (i64.eqz (local.get $left)))
        (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))
        (local.set $left (i64.sub (local.get $left) (i64.const 1)))
        (br $next))))

  (func $compute (param $what i32) (param $argument i32) (param $end i32)
    (if (i32.eq (local.get $what) (i32.const 0x67)) ;; g
      (then (drop (call $set_shared (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 2) (i32.const 0)))))
    (if (i32.eq (local.get $what) (i32.const 0x6c)) ;; l
      (then (loop $for_ever (br $for_ever))))
    (if (i32.or (i32.eq (local.get $what) (i32.const 0x77)) (i32.eq (local.get $what) (i32.const 0x74))) ;; w, t
      (then (call $wait)))
    (if (i32.eq (local.get $what) (i32.const 0x74)) (then unreachable))
    (if (i32.eq (local.get $what) (i32.const 0x63)) ;; c
      (then (call $count (call $number (local.get $argument) (local.get $end))))))

  (global $begun (mut i32) (i32.const 0))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (local $path i32) (local $what i32) (local $end i32)
    (global.set $begun (i32.add (global.get $begun) (i32.const 1)))
    (drop (call $get_header (i32.const 0) (i32.const 2) (i32.const 5) (global.get $out)
                            (i32.add (global.get $out) (i32.const 4))))
    (local.set $path (i32.load (global.get $out)))
    (local.set $end (i32.add (local.get $path) (i32.load (i32.add (global.get $out) (i32.const 4)))))
    (local.set $what (i32.load8_u (i32.add (local.get $path) (i32.const 1))))
    (call $say (local.get $what) (i32.const 0x3c)) ;; <
    (call $compute (local.get $what) (i32.add (local.get $path) (i32.const 7)) (local.get $end))
    (call $say (local.get $what) (i32.const 0x3e)) ;; >
    (call $say (i32.const 0x2e) (i32.add (i32.const 48) (i32.rem_u (global.get $begun) (i32.const 10))))
    (i32.const 0)))
