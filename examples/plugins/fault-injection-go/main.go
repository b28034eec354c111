// Fault-injection answers every request itself, with a fixed status and body.
//
// Configuration (JSON, both keys optional): {"body": "hello world", "http_status": 200}
package main

import (
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// The host calls exported functions only; main never runs in a module built with -buildmode=c-shared.
func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &faultInjection{} })
}

// faultInjection is one configuration of the plugin: it lives as long as the route that carries it.
type faultInjection struct {
	types.DefaultPluginContext
	exchange exchange
}

func (p *faultInjection) OnPluginStart(int) types.OnPluginStartStatus {
	text, err := proxywasm.GetPluginConfiguration()
	if err != nil && err != types.ErrorStatusNotFound {
		proxywasm.LogErrorf("configuration cannot be read: %v", err)
		return types.OnPluginStartStatusFailed
	}
	p.exchange.settings, err = parseSettings(text)
	if err != nil {
		proxywasm.LogErrorf("configuration refused: %v", err)
		return types.OnPluginStartStatusFailed
	}
	return types.OnPluginStartStatusOK
}

func (p *faultInjection) NewHttpContext(uint32) types.HttpContext {
	return &p.exchange
}

// exchange is a request and its response. It keeps nothing of its own between two callbacks, so that one serves them all
// and nothing is allocated.
type exchange struct {
	types.DefaultHttpContext
	settings settings
}

func (e *exchange) OnHttpRequestHeaders(int, bool) types.Action {
	if err := proxywasm.SendHttpResponse(e.settings.httpStatus, nil, e.settings.body, -1); err != nil {
		proxywasm.LogErrorf("the answer could not be given: %v", err)
		return types.ActionContinue
	}
	return types.ActionPause
}
