package openai

import (
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
)

// imagesAbove introduces the images of results: a message of role tool cannot have
// any.
const imagesAbove = "The images of the results above:"

// wireMessages converts a conversation. The images of a reply's results follow
// after all of them, in a message of the user.
func wireMessages(list []event.Message) []goopenai.ChatCompletionMessage {
	wire := make([]goopenai.ChatCompletionMessage, 0, len(list))
	var above []event.Image
	for i := range list {
		m := &list[i]
		if m.Role != event.RoleTool {
			wire, above = appendImages(wire, above), nil
		}
		switch {
		case m.Role == event.RoleSystem && m.Content == "":
		case m.Role == event.RoleTool:
			above = append(above, m.Images...)
			wire = append(wire, wireMessage(m))
		case len(m.Images) > 0:
			wire = append(wire, withImages(m.Content, m.Images))
		default:
			wire = append(wire, wireMessage(m))
		}
	}
	return appendImages(wire, above)
}

func appendImages(wire []goopenai.ChatCompletionMessage, list []event.Image) []goopenai.ChatCompletionMessage {
	if len(list) == 0 {
		return wire
	}
	return append(wire, withImages(imagesAbove, list))
}

// withImages is a message of the user.
func withImages(text string, list []event.Image) goopenai.ChatCompletionMessage {
	m := goopenai.ChatCompletionMessage{Role: string(event.RoleUser)}
	if text != "" {
		m.MultiContent = append(m.MultiContent, goopenai.ChatMessagePart{Type: goopenai.ChatMessagePartTypeText, Text: text})
	}
	for _, img := range list {
		m.MultiContent = append(m.MultiContent, goopenai.ChatMessagePart{
			Type:     goopenai.ChatMessagePartTypeImageURL,
			ImageURL: &goopenai.ChatMessageImageURL{URL: "data:" + img.MIMEType + ";base64," + base64.StdEncoding.EncodeToString(img.Data)},
		})
	}
	return m
}

// hasImages reports whether a request has images.
func hasImages(list []event.Message) bool {
	return slices.ContainsFunc(list, func(m event.Message) bool { return len(m.Images) > 0 })
}

// refusedImages returns err as agent.ErrNoImages when it refuses the images of a
// request. There is no code for that: providers speak of images, of vision, or
// only say that a content must be a string.
func (m *Model) refusedImages(c call, err error) error {
	var pe *agent.ProviderError
	if !c.images || !errors.As(err, &pe) || errors.Is(err, agent.ErrContextOverflow) {
		return err
	}
	switch pe.HTTPStatus {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity,
		http.StatusInternalServerError, http.StatusNotImplemented:
	default:
		return err
	}
	said := strings.ToLower(strings.TrimPrefix(pe.Message, m.base))
	if !slices.ContainsFunc([]string{"image", "vision", "multimodal", "multi-modal", "mmproj", "must be a string", "expected a string", "string_type"}, func(s string) bool { return strings.Contains(said, s) }) {
		return err
	}
	m.noImages.Store(c.model, true)
	refusal := *pe
	refusal.Retryable, refusal.Err = false, agent.ErrNoImages
	return &refusal
}

// RefusesImages reports whether a model of the endpoint is known to take no
// images; "" is the default model.
func (m *Model) RefusesImages(model string) bool {
	if model == "" {
		model = m.name
	}
	_, known := m.noImages.Load(model)
	return known
}
