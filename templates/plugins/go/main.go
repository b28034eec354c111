// Require-header answers 401 unless a request carries one of the configured values in a header.
package main

import (
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// The host calls exported functions only; main never runs.
func main() {}

func init() { proxywasm.SetVMContext(&vm{}) }

type vm struct{ types.DefaultVMContext }

func (*vm) NewPluginContext(uint32) types.PluginContext { return &requireHeader{} }

// requireHeader is one configuration: it lives as long as the route that carries it.
type requireHeader struct {
	types.DefaultPluginContext
	settings settings
}

func (p *requireHeader) OnPluginStart(int) types.OnPluginStartStatus {
	text, err := proxywasm.GetPluginConfiguration()
	if err == nil {
		p.settings, err = parse(text)
	}
	if err != nil {
		proxywasm.LogErrorf("configuration refused: %v", err)
		return types.OnPluginStartStatusFailed
	}
	return types.OnPluginStartStatusOK
}

func (p *requireHeader) NewHttpContext(uint32) types.HttpContext {
	return &exchange{settings: &p.settings}
}

// exchange is one request and its response.
type exchange struct {
	types.DefaultHttpContext
	settings *settings
}

func (e *exchange) OnHttpRequestHeaders(int, bool) types.Action {
	value, err := proxywasm.GetHttpRequestHeader(e.settings.Header)
	if err == nil && e.settings.accepts(value) {
		return types.ActionContinue
	}
	proxywasm.LogInfof("refused: %s is missing or wrong", e.settings.Header)
	headers := [][2]string{{"content-type", "text/plain"}}
	if err := proxywasm.SendHttpResponse(401, headers, []byte("who are you?\n"), -1); err != nil {
		proxywasm.LogErrorf("no response: %v", err)
	}
	return types.ActionPause
}
