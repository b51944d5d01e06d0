package openai

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// fault is a provider's error, in a common form.
type fault struct {
	message string   // "" when there is none
	words   []string // codes and types, in lower case
	status  int      // an HTTP status in the body itself, 0 if none
}

// parseFault reads an error body or event. Known forms: {"error": {message, type,
// code}} (OpenAI), {"error": "text"} (Ollama), [{"error": …}] (Gemini),
// {"object": "error", message} (vLLM), {"detail": …} (FastAPI). ok is false when
// raw is not JSON.
func parseFault(raw []byte) (f fault, ok bool) {
	raw = bytes.TrimSpace(raw)
	if !json.Valid(raw) {
		return fault{}, false
	}
	f.read(raw, 0)
	return f, true
}

func (f *fault) read(raw json.RawMessage, depth int) {
	if depth > 4 || len(raw) == 0 {
		return
	}
	switch raw[0] {
	case '"':
		f.say(text(raw))
	case '[':
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) == nil && len(list) > 0 {
			f.read(list[0], depth+1)
		}
	case '{':
		var fields map[string]json.RawMessage
		if json.Unmarshal(raw, &fields) != nil {
			return
		}
		for _, key := range []string{"code", "type", "status"} {
			f.classify(fields[key])
		}
		for _, key := range []string{"message", "error", "detail", "msg"} {
			f.read(fields[key], depth+1)
		}
		// OpenRouter's message is "Provider returned error"; this field has the
		// provider's text.
		var meta struct {
			Raw string `json:"raw"`
		}
		if json.Unmarshal(fields["metadata"], &meta) == nil && meta.Raw != "" {
			f.message += ": " + meta.Raw
		}
	}
}

// say keeps the first message found.
func (f *fault) say(message string) {
	if f.message == "" {
		f.message = message
	}
}

func (f *fault) classify(raw json.RawMessage) {
	if len(raw) == 0 {
		return
	}
	word := strings.Trim(string(raw), `"`)
	if n, err := strconv.Atoi(word); err == nil {
		if n >= 400 && n <= 599 && f.status == 0 {
			f.status = n
		}
		return
	}
	f.words = append(f.words, strings.ToLower(word))
}

func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// says reports whether one of the codes or types contains one of parts.
func (f *fault) says(parts ...string) bool {
	return slices.ContainsFunc(f.words, func(w string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(w, p) })
	})
}

// tooLong reports whether the conversation is too long for the model. There is no
// common code for that, so this knows the messages of OpenAI, Anthropic, vLLM,
// llama.cpp and Gemini.
func (f *fault) tooLong(status int) bool {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return true
	case 0, http.StatusOK, http.StatusBadRequest, http.StatusUnprocessableEntity:
	default:
		return false
	}
	if f.says("context_length", "context_size", "context_window") {
		return true
	}
	message := strings.ToLower(f.message)
	return slices.ContainsFunc([]string{
		"context length", "context_length", "maximum context", "context window", "context size",
		"prompt is too long", "input is too long", "too many input tokens", "input token count", "reduce the length of the messages",
	}, func(p string) bool { return strings.Contains(message, p) })
}

// exhausted reports whether a quota is used up: waiting does not help.
func (f *fault) exhausted() bool { return f.says("insufficient_quota", "billing") }

// transient reports whether the codes name a fault of the provider rather than of
// the request. It returns unknown when they name neither.
func (f *fault) transient(unknown bool) bool {
	switch {
	case f.says("invalid", "authentication", "permission", "not_found", "context_", "quota", "billing", "content_filter"):
		return false
	case f.says("overload", "rate_limit", "server", "internal", "timeout", "unavailable", "api_error", "exhausted"):
		return true
	}
	return unknown
}

// retryableStatus is the rule of the protocol.
func retryableStatus(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}
