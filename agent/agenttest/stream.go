package agenttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/pygent/pygent/agent"
)

// argumentPiece is the number of bytes of a call's arguments in one chunk.
const argumentPiece = 16

// WriteReply streams r as a provider does: the text word by word, each tool
// call's arguments in pieces, the finish reason, the usage and [DONE].
func WriteReply(w http.ResponseWriter, r agent.Reply) {
	w.Header().Set("Content-Type", "text/event-stream")
	for word := range strings.SplitAfterSeq(r.Message.Content, " ") {
		if word != "" {
			WriteDelta(w, map[string]any{"content": word})
		}
	}
	for i, c := range r.Message.ToolCalls {
		WriteDelta(w, map[string]any{"tool_calls": []any{map[string]any{
			"index": i, "id": c.ID, "type": "function",
			"function": map[string]any{"name": c.Name, "arguments": ""},
		}}})
		for args := c.Arguments; args != ""; {
			n := min(argumentPiece, len(args))
			for n < len(args) && args[n]&0xC0 == 0x80 { // do not split a rune: JSON could not carry it
				n++
			}
			WriteDelta(w, map[string]any{"tool_calls": []any{map[string]any{
				"index": i, "function": map[string]any{"arguments": args[:n]},
			}}})
			args = args[n:]
		}
	}
	WriteData(w, map[string]any{"choices": []any{map[string]any{"index": 0, "delta": map[string]any{}, "finish_reason": r.Finish}}})
	usage := map[string]any{
		"prompt_tokens": r.Usage.InputTokens, "completion_tokens": r.Usage.OutputTokens,
		"prompt_tokens_details": map[string]any{"cached_tokens": r.Usage.CachedTokens},
	}
	if r.Usage.CostUSD != nil {
		usage["cost"] = *r.Usage.CostUSD
	}
	WriteData(w, map[string]any{"choices": []any{}, "usage": usage})
	WriteRaw(w, "data: [DONE]\n\n")
}

// WriteDelta streams one chunk with the given delta.
func WriteDelta(w http.ResponseWriter, delta map[string]any) {
	WriteData(w, map[string]any{"object": "chat.completion.chunk", "choices": []any{map[string]any{"index": 0, "delta": delta, "finish_reason": nil}}})
}

// WriteData streams one event with v as its JSON.
func WriteData(w http.ResponseWriter, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("agenttest: chunk: %v", err))
	}
	WriteRaw(w, "data: "+string(raw)+"\n\n")
}

// WriteRaw streams text as it is, at once. Set headers before it.
func WriteRaw(w http.ResponseWriter, text string) {
	if _, err := w.Write([]byte(text)); err != nil {
		return // the client is gone, which the test may intend
	}
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}
