package openai

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
)

func picture(data string) []event.Image {
	return []event.Image{{MIMEType: "image/png", Data: []byte(data)}}
}

// The results of a reply must follow it directly, so their images come after the
// last of them.
func TestImagesOnTheWire(t *testing.T) {
	calls := []event.ToolCall{agenttest.Call("a", "view_image", "{}"), agenttest.Call("b", "bash", "{}")}
	history := []event.Message{
		{Role: event.RoleSystem, Content: "S"},
		{Role: event.RoleUser, Content: "look", Images: picture("one")},
		{Role: event.RoleAssistant, ToolCalls: calls},
		{Role: event.RoleTool, ToolCallID: "a", Content: "a.png", Images: picture("two")},
		{Role: event.RoleTool, ToolCallID: "b", Content: "ok"},
		{Role: event.RoleAssistant, Content: "I see."},
		{Role: event.RoleUser, Images: append(picture("three"), picture("four")...)},
		{Role: event.RoleAssistant, ToolCalls: []event.ToolCall{agenttest.Call("c", "view_image", "{}")}},
		{Role: event.RoleTool, ToolCallID: "c", Content: "b.png", Images: picture("five")},
	}
	srv := agenttest.Server(t, agenttest.Text("ok"))
	if got := chat(t, t.Context(), newModel(t, srv.URL), agent.Request{Messages: history}); got.err != nil {
		t.Fatal(got.err)
	}
	var got []string
	for _, m := range srv.Requests()[0].Messages {
		line := string(m.Role)
		if m.Content != nil {
			line += " " + *m.Content
		}
		for _, url := range m.Images {
			line += " <" + url + ">"
		}
		got = append(got, line)
	}
	want := []string{
		"system S",
		"user look <data:image/png;base64,b25l>",
		"assistant",
		"tool a.png",
		"tool ok",
		"user The images of the results above: <data:image/png;base64,dHdv>",
		"assistant I see.",
		"user  <data:image/png;base64,dGhyZWU=> <data:image/png;base64,Zm91cg==>",
		"assistant",
		"tool b.png",
		"user The images of the results above: <data:image/png;base64,Zml2ZQ==>",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRefusalOfImages(t *testing.T) {
	with := []event.Message{{Role: event.RoleUser, Content: "look", Images: picture("one")}}
	tests := []struct {
		name   string
		answer agenttest.Status
		sent   []event.Message
		want   bool
	}{
		{"only certain models", status(400, `{"error":{"message":"Invalid content type. image_url is only supported by certain models.","type":"invalid_request_error"}}`), with, true},
		{"no projector", status(500, `{"error":{"code":500,"message":"image input is not supported - hint: you may need to provide the mmproj","type":"server_error"}}`), with, true},
		{"no endpoint", status(404, `{"error":{"message":"No endpoints found that support image input","code":404}}`), with, true},
		{"not multimodal", status(400, `{"object":"error","message":"m is not a multimodal model","code":400}`), with, true},
		{"a string", status(422, `{"detail":[{"msg":"Input should be a valid string","type":"string_type"}]}`), with, true},
		{"an unknown variant", status(400, "{\"error\":{\"message\":\"Failed to deserialize: unknown variant `image_url`, expected `text`\"}}"), with, true},
		{"without images", status(400, `{"error":{"message":"image_url is only supported by certain models"}}`), nil, false},
		{"another fault", status(400, `{"error":{"message":"bad temperature"}}`), with, false},
		{"too long", status(400, `{"error":{"message":"maximum context length is 8192 tokens, images included"}}`), with, false},
		{"no key", status(401, `{"error":{"message":"no key for images"}}`), with, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := agenttest.Server(t, tt.answer)
			m := newModel(t, srv.URL, func(o *Options) { o.Retries = -1 })
			got := chat(t, t.Context(), m, agent.Request{Messages: tt.sent})
			if errors.Is(got.err, agent.ErrNoImages) != tt.want || m.RefusesImages("") != tt.want || m.RefusesImages("another") {
				t.Errorf("error %v, known: %v", got.err, m.RefusesImages(""))
			}
			if pe := got.provider(t); pe.HTTPStatus != tt.answer.Code || tt.want && pe.Retryable {
				t.Errorf("error %+v", pe)
			}
		})
	}
}

func TestProgressOfCalls(t *testing.T) {
	srv := agenttest.Server(t, raw(calls(`[{"index":0,"id":"a","function":{"name":"x","arguments":""}}]`)+
		calls(`[{"index":0,"function":{"arguments":"{\"i\":"}},{"index":1,"id":"b","function":{"name":"y","arguments":"{}"}}]`)+
		calls(`[{"index":0,"function":{"arguments":"1}"}}]`)+finish+done))
	var got []agent.CallDelta
	_, err := newModel(t, srv.URL).Chat(t.Context(), agent.Request{Messages: []event.Message{{Role: event.RoleUser, Content: "hi"}}}, func(d agent.Delta) { got = append(got, d.Call) })
	if err != nil {
		t.Fatal(err)
	}
	want := []agent.CallDelta{{ID: "a", Tool: "x"}, {ID: "a", Tool: "x", Bytes: 5}, {ID: "b", Tool: "y", Bytes: 2}, {ID: "a", Tool: "x", Bytes: 7}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
