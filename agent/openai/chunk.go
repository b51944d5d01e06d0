package openai

import (
	"bytes"
	"encoding/json"
	"strings"
)

// chunkOf is one event of the stream, with the fields that are used. S is string
// for OpenAI's format; looseText accepts what other providers send instead, and
// needs a second decoding.
type chunkOf[S ~string] struct {
	Object  string `json:"object"`
	Choices []struct {
		Index        int        `json:"index"`
		Delta        deltaOf[S] `json:"delta"`
		FinishReason string     `json:"finish_reason"`
	} `json:"choices"`
	Usage *wireUsage      `json:"usage"`
	Error json.RawMessage `json:"error"`
}

type deltaOf[S ~string] struct {
	Content          S                `json:"content"`
	Refusal          S                `json:"refusal"`
	Reasoning        S                `json:"reasoning"`         // OpenRouter, Ollama, Groq
	ReasoningContent S                `json:"reasoning_content"` // DeepSeek, vLLM, llama.cpp
	ToolCalls        []callDeltaOf[S] `json:"tool_calls"`
}

type callDeltaOf[S ~string] struct {
	Index    *int   `json:"index"` // nil where the provider omits it
	ID       string `json:"id"`
	Function struct {
		Name      string `json:"name"`
		Arguments S      `json:"arguments"`
	} `json:"function"`
}

type (
	chunk      = chunkOf[string]
	looseChunk = chunkOf[looseText]
)

// wireUsage is the usage object of OpenAI and its extensions.
type wireUsage struct {
	PromptTokens        int64 `json:"prompt_tokens"`
	CompletionTokens    int64 `json:"completion_tokens"`
	PromptTokensDetails struct {
		CachedTokens int64 `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
	PromptCacheHitTokens int64    `json:"prompt_cache_hit_tokens"` // DeepSeek's name for cached_tokens
	Cost                 *float64 `json:"cost"`                    // OpenRouter: US dollars
}

// failed reports whether the event is an error: some have {"error": …} with any
// value, some (vLLM) are an error as a whole.
func (c *chunkOf[S]) failed() bool {
	return c.Object == "error" || (len(c.Error) > 0 && string(c.Error) != "null")
}

// looseText is a string, or a substitute for one: null, a list of content parts
// (their texts are joined), or an object (its JSON text is used, for arguments
// that were not encoded).
type looseText string

// UnmarshalJSON implements json.Unmarshaler.
func (t *looseText) UnmarshalJSON(raw []byte) error {
	switch raw = bytes.TrimSpace(raw); {
	case len(raw) == 0:
		return nil
	case raw[0] == '"':
		return json.Unmarshal(raw, (*string)(t))
	case raw[0] == '{':
		*t = looseText(raw)
	case raw[0] == '[':
		var parts []struct {
			Text string `json:"text"`
		}
		if err := json.Unmarshal(raw, &parts); err != nil {
			return err
		}
		var b strings.Builder
		for _, p := range parts {
			b.WriteString(p.Text)
		}
		*t = looseText(b.String())
	}
	return nil
}
