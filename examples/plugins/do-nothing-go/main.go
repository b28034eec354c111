// Do-nothing lets each request and response pass: what the SDK costs, and the place to begin a plugin from.
package main

import (
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// The host calls exported functions only; main never runs in a module built with -buildmode=c-shared.
func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &doNothing{} })
}

// doNothing is one configuration of the plugin: it lives as long as the route that carries it.
type doNothing struct {
	types.DefaultPluginContext
}

func (*doNothing) NewHttpContext(uint32) types.HttpContext { return &exchange{} }

// exchange is one request and its response.
type exchange struct {
	types.DefaultHttpContext
}
