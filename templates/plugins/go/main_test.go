package main

import (
	"testing"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/proxytest"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func TestOnlyListedValuesPass(t *testing.T) {
	options := proxytest.NewEmulatorOption().
		WithVMContext(&vm{}).
		WithPluginConfiguration([]byte(`{"header": "x-team", "values": ["red"]}`))
	host, reset := proxytest.NewHostEmulator(options)
	defer reset()
	if host.StartPlugin() != types.OnPluginStartStatusOK {
		t.Fatal("the configuration was refused")
	}
	for value, action := range map[string]types.Action{"red": types.ActionContinue, "blue": types.ActionPause} {
		exchange := host.InitializeHttpContext()
		if got := host.CallOnRequestHeaders(exchange, [][2]string{{"x-team", value}}, true); got != action {
			t.Errorf("%s: %v", value, got)
		}
	}
}
