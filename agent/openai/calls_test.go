package openai

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
)

func TestToolCallDeltas(t *testing.T) {
	call := agenttest.Call
	for name, tc := range map[string]struct {
		stream string
		want   []event.ToolCall
	}{
		"interleaved by index": {
			calls(`[{"index":0,"id":"a","function":{"name":"x","arguments":""}},{"index":1,"id":"b","function":{"name":"y","arguments":""}}]`) +
				calls(`[{"index":1,"function":{"arguments":"{\"k\":"}},{"index":0,"function":{"arguments":"{\"i\":"}}]`) +
				calls(`[{"index":0,"function":{"arguments":"1}"}}]`) + calls(`[{"index":1,"function":{"arguments":"2}"}}]`),
			[]event.ToolCall{call("a", "x", `{"i":1}`), call("b", "y", `{"k":2}`)},
		},
		"no index, ids": {
			calls(`[{"id":"a","function":{"name":"x","arguments":"{}"}}]`) + calls(`[{"id":"b","function":{"name":"y","arguments":"{\"k\":"}}]`) +
				calls(`[{"id":"b","function":{"arguments":"2}"}}]`),
			[]event.ToolCall{call("a", "x", `{}`), call("b", "y", `{"k":2}`)},
		},
		"no index, id only at the beginning": {
			calls(`[{"id":"a","function":{"name":"x","arguments":"{\"i\""}}]`) + calls(`[{"function":{"arguments":":1}"}}]`) +
				calls(`[{"id":"b","function":{"name":"y","arguments":"{\"k\""}}]`) + calls(`[{"function":{"arguments":":2}"}}]`),
			[]event.ToolCall{call("a", "x", `{"i":1}`), call("b", "y", `{"k":2}`)},
		},
		"no index, no ids, whole calls": {
			calls(`[{"function":{"name":"x","arguments":"{}"}},{"function":{"name":"x","arguments":"{\"n\":2}"}}]`),
			[]event.ToolCall{call("call_1_0", "x", `{}`), call("call_1_1", "x", `{"n":2}`)},
		},
		"no index, no ids, by position": {
			calls(`[{"function":{"name":"x"}},{"function":{"name":"y"}}]`) + calls(`[{"function":{"arguments":"{}"}},{"function":{"arguments":"{\"n\":2}"}}]`),
			[]event.ToolCall{call("call_1_0", "x", `{}`), call("call_1_1", "y", `{"n":2}`)},
		},
		"every index 0": {
			calls(`[{"index":0,"id":"a","function":{"name":"x","arguments":"{}"}}]`) + calls(`[{"index":0,"id":"b","function":{"name":"y","arguments":"{\"k\":"}}]`) +
				calls(`[{"index":0,"function":{"arguments":"2}"}}]`),
			[]event.ToolCall{call("a", "x", `{}`), call("b", "y", `{"k":2}`)},
		},
		"id and name repeated": {
			calls(`[{"index":0,"id":"a","function":{"name":"x","arguments":"{\"i\""}}]`) + calls(`[{"index":0,"id":"a","function":{"name":"x","arguments":":1}"}}]`),
			[]event.ToolCall{call("a", "x", `{"i":1}`)},
		},
		"one id for two calls": {
			calls(`[{"index":0,"id":"a","function":{"name":"x","arguments":"{}"}},{"index":1,"id":"a","function":{"name":"y","arguments":"{}"}}]`),
			[]event.ToolCall{call("a", "x", `{}`), call("call_1_1", "y", `{}`)},
		},
		"arguments as an object": {
			calls(`[{"index":0,"id":"a","function":{"name":"x","arguments":{"i":[1,2]}}}]`),
			[]event.ToolCall{call("a", "x", `{"i":[1,2]}`)},
		},
		"no arguments": {
			calls(`[{"index":0,"id":"a","function":{"name":"x"}}]`),
			[]event.ToolCall{call("a", "x", `{}`)},
		},
		"malformed arguments stay": {
			calls(`[{"index":0,"id":"a","function":{"name":"x","arguments":"{\"cmd\": ls"}}]`),
			[]event.ToolCall{call("a", "x", `{"cmd": ls`)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, end := range []string{finish, stop} { // some providers say stop for both
				srv := agenttest.Server(t, raw(tc.stream+end+done))
				got := chat(t, t.Context(), newModel(t, srv.URL), agent.Request{})
				if got.err != nil {
					t.Fatal(got.err)
				}
				if diff := cmp.Diff(tc.want, got.reply.Message.ToolCalls); diff != "" {
					t.Errorf("calls (-want +got):\n%s", diff)
				}
				if got.reply.Finish != agent.FinishTools {
					t.Errorf("finish %q", got.reply.Finish)
				}
			}
		})
	}
}
