package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

type header struct {
	name  string
	value string
}

const wantedForm = `{"headers": [{"name": "X-Go-Wasm", "value": "APISIX"}]}`

// settings is the configuration as written; its pointers tell an absent key from an empty text.
type settings struct {
	Headers []item `json:"headers"`
}

type item struct {
	Name  *string `json:"name"`
	Value *string `json:"value"`
}

// parseHeaders reads the plugin's JSON; the error is a sentence for the log.
func parseHeaders(text []byte) ([]header, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, nil
	}
	var written *settings
	if err := json.Unmarshal(text, &written); err != nil {
		return nil, fmt.Errorf("the configuration must be %s: %w", wantedForm, err)
	}
	if written == nil {
		return nil, fmt.Errorf("the configuration must be %s, not null", wantedForm)
	}
	headers := make([]header, 0, len(written.Headers))
	for i, item := range written.Headers {
		if item.Name == nil || item.Value == nil {
			return nil, fmt.Errorf("headers[%d] needs a name and a value", i)
		}
		h := header{name: *item.Name, value: *item.Value}
		if err := h.check(); err != nil {
			return nil, fmt.Errorf("headers[%d]: %w", i, err)
		}
		headers = append(headers, h)
	}
	return headers, nil
}

// check refuses what no header may carry (RFC 9110 5.1 and 5.5).
func (h header) check() error {
	if h.name == "" {
		return errors.New("the name is empty")
	}
	if i := strings.IndexFunc(h.name, notInToken); i >= 0 {
		return fmt.Errorf("%q is no header name; use letters, digits and '-'", h.name)
	}
	if i := strings.IndexFunc(h.value, isControl); i >= 0 {
		return fmt.Errorf("the value %q holds a control character", h.value)
	}
	return nil
}

func notInToken(r rune) bool {
	isAlnum := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	return !isAlnum && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

func isControl(r rune) bool {
	return r < ' ' && r != '\t' || r == 0x7f
}
