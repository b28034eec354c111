// Custom-response-header adds a list of headers to every response.
//
// Configuration (JSON): {"headers": [{"name": "X-Go-Wasm", "value": "APISIX"}]}
package main

import (
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// The host calls exported functions only; main never runs in a module built with -buildmode=c-shared.
func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &customResponseHeader{} })
}

// customResponseHeader is one configuration of the plugin: it lives as long as the route that carries it.
type customResponseHeader struct {
	types.DefaultPluginContext
	exchange exchange
}

func (p *customResponseHeader) OnPluginStart(int) types.OnPluginStartStatus {
	text, err := proxywasm.GetPluginConfiguration()
	if err != nil && err != types.ErrorStatusNotFound {
		proxywasm.LogErrorf("configuration cannot be read: %v", err)
		return types.OnPluginStartStatusFailed
	}
	p.exchange.headers, err = parseHeaders(text)
	if err != nil {
		proxywasm.LogErrorf("configuration refused: %v", err)
		return types.OnPluginStartStatusFailed
	}
	return types.OnPluginStartStatusOK
}

func (p *customResponseHeader) NewHttpContext(uint32) types.HttpContext {
	return &p.exchange
}

// exchange is a request and its response. It keeps nothing of its own between two callbacks, so that one serves them all
// and nothing is allocated.
type exchange struct {
	types.DefaultHttpContext
	headers []header
}

func (e *exchange) OnHttpResponseHeaders(int, bool) types.Action {
	for _, h := range e.headers {
		if err := proxywasm.AddHttpResponseHeader(h.name, h.value); err != nil {
			proxywasm.LogErrorf("header %s could not be added: %v", h.name, err)
		}
	}
	return types.ActionContinue
}
