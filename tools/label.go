package tools

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Bounds of a Label's texts, in characters.
const (
	maxTitle  = 80
	maxDetail = 400
)

// Label describes a call for the user when it begins. It is made from the
// arguments alone, also for a call that will be refused.
type Label struct {
	Title  string // what is done, in a few words: "Write"
	Detail string // to what: the path, the command, the beginning of the prompt

	// Terminal means that Detail is a command, and that Result.Text repeats it
	// before the output, as a terminal does: "$ ls\nnotes.md\n".
	Terminal bool
}

// Labelled is implemented by the arguments of a tool that describes its own
// calls. Label must use nothing else, and gets zero values for arguments that the
// model omitted or mistyped.
type Labelled interface{ Label() Label }

// Label describes a call for the user. It never fails, and also works for a tool
// that does not exist, and without a registry.
func (r *Registry) Label(name, arguments string) (l Label) {
	defer func() {
		if recover() != nil { // a panic in a label must not fail the turn
			l = Label{Title: "Use " + name}.bounded(arguments)
		}
	}()
	l.Title = "Use " + name
	if r != nil {
		if i, ok := r.byName[name]; ok && r.tools[i].label != nil {
			l = r.tools[i].label(arguments)
		}
	}
	return l.bounded(arguments)
}

// labelOf makes the label function of a tool whose arguments are Labelled, nil
// for others. It decodes less strictly than decode, because nothing runs on the
// values.
func labelOf[In any]() func(arguments string) Label {
	if _, ok := any(*new(In)).(Labelled); !ok {
		return nil
	}
	return func(arguments string) Label {
		var in In
		if len(arguments) <= maxArguments {
			_ = json.Unmarshal([]byte(arguments), &in) // after an error, in has the readable arguments
		}
		return any(in).(Labelled).Label()
	}
}

// bounded sets an empty detail to the first argument, and cuts long texts.
func (l Label) bounded(arguments string) Label {
	if strings.TrimSpace(l.Detail) == "" {
		l.Detail, l.Terminal = firstArgument(arguments), false
	}
	l.Title = cut(strings.Join(strings.Fields(l.Title), " "), maxTitle)
	l.Detail = cut(strings.TrimSpace(l.Detail), maxDetail)
	return l
}

// firstArgument returns the first value of an object, or the text itself if it is
// not an object.
func firstArgument(arguments string) string {
	if len(arguments) > maxArguments || !json.Valid([]byte(arguments)) {
		return arguments
	}
	dec := json.NewDecoder(strings.NewReader(arguments))
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return arguments
	}
	if _, err := dec.Token(); err != nil || !dec.More() { // the name, or the end of an empty object
		return ""
	}
	var value json.RawMessage
	if dec.Decode(&value) != nil {
		return arguments
	}
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	var short bytes.Buffer
	if json.Compact(&short, value) != nil {
		return arguments
	}
	return short.String()
}

// cut returns the first characters of s.
func cut(s string, most int) string {
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}
