package session_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/runtime"
)

// pixels encodes an empty picture.
func pixels(t *testing.T, format string, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	img := image.NewGray(image.Rect(0, 0, width, height))
	err := map[string]func() error{
		"png":  func() error { return png.Encode(&b, img) },
		"jpeg": func() error { return jpeg.Encode(&b, img, nil) },
		"gif":  func() error { return gif.Encode(&b, img, nil) },
	}[format]()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// lying is a picture whose header says that it is larger than it is.
func lying(t *testing.T) []byte {
	t.Helper()
	data := pixels(t, "gif", 2, 2)
	data[6], data[7] = 0xff, 0xff // the width, 65,535
	return data
}

func inBase64(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

func TestImagesOfAStep(t *testing.T) {
	model := agenttest.Script(agenttest.Text("ok"), agenttest.Text("ok"))
	s, rec := sessions(t, model, nil)
	at, err := s.Place(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	pngs, jpegs := pixels(t, "png", 3, 2), pixels(t, "jpeg", 3, 2)
	if _, _, err := at.Runtime.WriteFile("shot.png", string(pngs)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Step(t.Context(), session.StepParams{Prompt: "look", Context: []session.ContextItem{
		{Path: "shot.png"}, {MIMEType: "image/jpeg", Data: inBase64(jpegs)}, {Text: new("words")},
	}}); err != nil {
		t.Fatal(err)
	}
	sent := model.Requests()[0].Messages[1]
	want := event.Message{
		Role: event.RoleUser, Content: "look\n\n<context path=\"shot.png\">\n[image 1 of this message]\n</context>\n\n<context>\nwords\n</context>",
		Images: []event.Image{{MIMEType: "image/png", Data: pngs}, {MIMEType: "image/jpeg", Data: jpegs}},
	}
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Errorf("the model gets (-want +got):\n%s", diff)
	}
	if _, err := s.Step(t.Context(), session.StepParams{Context: []session.ContextItem{{MIMEType: "image/gif", Data: inBase64(pixels(t, "gif", 1, 1))}}}); err != nil {
		t.Errorf("an image without a word: %v", err)
	}
	agenttest.CheckEvents(t, rec.Events())
}

func TestRefusedImages(t *testing.T) {
	good := inBase64(pixels(t, "png", 2, 2))
	var many []session.ContextItem
	for range 21 {
		many = append(many, session.ContextItem{MIMEType: "image/png", Data: good})
	}
	one := func(c session.ContextItem) []session.ContextItem { return []session.ContextItem{c} }
	for _, tt := range []struct {
		name    string
		context []session.ContextItem
		says    string
	}{
		{"another type", one(session.ContextItem{MIMEType: "image/svg+xml", Data: good}), `context[0].mimeType: "image/svg+xml": give one of image/png`},
		{"no type", one(session.ContextItem{Data: good}), `context[0].mimeType: "": give one of`},
		{"no data", one(session.ContextItem{MIMEType: "image/png"}), "context[0].data: is missing"},
		{"a type that lies", one(session.ContextItem{MIMEType: "image/jpeg", Data: good}), "context[0].mimeType: image/jpeg: the data is image/png"},
		{"not base64", one(session.ContextItem{MIMEType: "image/png", Data: "%%%"}), "context[0].data: is not base64"},
		{"no image", one(session.ContextItem{MIMEType: "image/png", Data: inBase64([]byte("hello"))}), "context[0].data: is no image"},
		{"cut", one(session.ContextItem{MIMEType: "image/png", Data: inBase64(pixels(t, "png", 2, 2)[:12])}), "context[0].data: is damaged"},
		{"too many pixels", one(session.ContextItem{MIMEType: "image/gif", Data: inBase64(lying(t))}), "context[0].data: has 65535 by 2 pixels"},
		{"too long", one(session.ContextItem{MIMEType: "image/png", Data: inBase64(make([]byte, 5_000_003))}), "context[0].data: has more than 5000000 bytes"},
		{"with a text", one(session.ContextItem{MIMEType: "image/png", Data: good, Text: new("x")}), "context[0]: has data and text or range"},
		{"too many", many, "context: has more than 20 images, counted to context[20]"},
		{"a damaged file", one(session.ContextItem{Path: "cut.png"}), `context[0]: path: "cut.png" is damaged`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, rec := sessions(t, agenttest.Script(), nil)
			at, err := s.Place(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := at.Runtime.WriteFile("cut.png", string(pixels(t, "png", 2, 2)[:12])); err != nil {
				t.Fatal(err)
			}
			_, err = s.Step(t.Context(), session.StepParams{Prompt: "look", Context: tt.context})
			var invalid *runtime.InvalidError
			if !errors.As(err, &invalid) || !strings.HasPrefix(err.Error(), tt.says) {
				t.Errorf("error %v, want %q", err, tt.says)
			}
			if len(rec.Events()) > 0 {
				t.Error("a turn has begun")
			}
		})
	}
}

// Images outlive the server with the conversation, and go with the journal alone.
func TestImagesAreKept(t *testing.T) {
	d := &killedServer{steps: []session.StepParams{{Prompt: "look", Context: []session.ContextItem{{MIMEType: "image/png", Data: inBase64(pixels(t, "png", 2, 2))}}}}}
	after := agenttest.Script(agenttest.Text("ok"))
	s, rec, id := d.of(t, agenttest.Script(agenttest.Bash("a", "ok")), after)
	if _, err := s.Step(t.Context(), session.StepParams{SessionID: id, Prompt: "go on"}); err != nil {
		t.Fatal(err)
	}
	first := after.Requests()[0].Messages[1]
	if len(first.Images) != 1 || first.Images[0].MIMEType != "image/png" || !bytes.Equal(first.Images[0].Data, pixels(t, "png", 2, 2)) {
		t.Errorf("the model gets %+v", first)
	}
	for _, e := range rec.Events() {
		if line, err := journal.Encode(e); err != nil || bytes.Contains(line, []byte("image/png")) {
			t.Errorf("the client gets %s, %v", line, err)
		}
	}
}
