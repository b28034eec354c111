package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

type settings struct {
	httpStatus uint32
	body       []byte
}

// parseSettings reads the plugin's JSON; the error is a sentence for the log.
func parseSettings(text []byte) (settings, error) {
	result := settings{httpStatus: 200}
	if len(bytes.TrimSpace(text)) == 0 {
		return result, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return result, fmt.Errorf(`the configuration must be an object such as {"http_status": 200}: %w`, err)
	}
	if fields == nil {
		return result, errors.New(`the configuration must be an object such as {"http_status": 200}, not null`)
	}
	if raw, ok := fields["http_status"]; ok {
		var status uint32
		if err := json.Unmarshal(raw, &status); err != nil || status < 200 || status > 599 {
			return result, fmt.Errorf("http_status must be a whole number from 200 to 599, not %s", raw)
		}
		result.httpStatus = status
	}
	if raw, ok := fields["body"]; ok {
		var body *string
		if err := json.Unmarshal(raw, &body); err != nil || body == nil {
			return result, fmt.Errorf("body must be a string, not %s", raw)
		}
		result.body = []byte(*body)
	}
	return result, nil
}
