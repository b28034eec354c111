package main

import (
	"bytes"
	"encoding/json"
	"slices"
)

type settings struct {
	Header string   `json:"header"`
	Values []string `json:"values"`
}

func parse(text []byte) (s settings, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err = decoder.Decode(&s)
	return s, err
}

func (s *settings) accepts(value string) bool { return slices.Contains(s.Values, value) }
