package chat

import (
	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textarea"
)

// Placeholders of the empty input.
const (
	sayPlaceholder    = "say something, or /help"
	askedPlaceholder  = "a message, if you do not want to answer yet"
	answerPlaceholder = "your answer"
)

// newInput makes the input field, which shows up to ten lines.
func newInput(t theme) textarea.Model {
	in := textarea.New()
	in.Prompt = ""
	in.SetPromptFunc(2, func(p textarea.PromptInfo) string {
		if p.LineNumber == 0 {
			return "› "
		}
		return "  "
	})
	in.ShowLineNumbers = false
	in.CharLimit = 1 << 20
	in.MaxHeight = 10
	in.DynamicHeight = true
	in.MinHeight = 1
	in.MaxContentHeight = 10_000
	in.SetVirtualCursor(false)
	in.KeyMap.InsertNewline = key.NewBinding(key.WithKeys("alt+enter", "shift+enter", "ctrl+j"))
	in.SetStyles(t.input())
	in.Placeholder = sayPlaceholder
	in.Focus()
	return in
}
