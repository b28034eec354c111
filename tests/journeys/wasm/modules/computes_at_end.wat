;; A plugin that computes in proxy_on_log until the shared data has the key "go", if the path of the request begins with
;; "/w" (wait) and not with "/g" (go), which puts that key there. `set_property` tells the access log when it is through.
(module
  (import "env" "proxy_get_header_map_value" (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_shared_data" (func $get_shared (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_shared_data" (func $set_shared (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_property" (func $set_property (param i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 1)
  (data (i32.const 0) "go:path")
  (global $out i32 (i32.const 16)) ;; address and size that host calls give
  (global $what (mut i32) (i32.const 0))

  ;; What the host gives is read at once.
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 4096))
  (func (export "proxy_abi_version_0_2_1"))

  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $get_header (i32.const 0) (i32.const 2) (i32.const 5) (global.get $out)
                            (i32.add (global.get $out) (i32.const 4))))
    (global.set $what (i32.load8_u (i32.add (i32.load (global.get $out)) (i32.const 1))))
    (if (i32.eq (global.get $what) (i32.const 0x67)) ;; g
      (then (drop (call $set_shared (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 2) (i32.const 0)))))
    (i32.const 0))

  (func (export "proxy_on_done") (param i32) (result i32) (i32.const 1))
  (func (export "proxy_on_log") (param i32)
    (if (i32.eq (global.get $what) (i32.const 0x77)) ;; w
      (then
        (loop $again
          (br_if $again (call $get_shared (i32.const 0) (i32.const 2) (global.get $out)
                                          (i32.add (global.get $out) (i32.const 4)) (i32.const 28))))))
    (drop (call $set_property (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 2)))))
