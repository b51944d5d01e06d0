package tools

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/pygent/pygent/tools/strictjson"
)

// aliases are argument names that models know from other tools, each with ours. One
// counts only for a tool that has ours and not the other one. No schema names them.
var aliases = map[string]string{
	"command":   "cmd",
	"file_path": "path", "filePath": "path", "filename": "path", "file": "path",
	"input": "patch", "diff": "patch",
	"oldString": "old_string", "old_str": "old_string", "old_text": "old_string",
	"newString": "new_string", "new_str": "new_string", "new_text": "new_string",
	"replaceAll": "replace_all", "allow_multiple": "replace_all",
	"query":   "pattern",
	"include": "glob", "include_pattern": "glob",
}

// ignored are arguments in which models explain a call to nobody.
var ignored = []string{"description", "instruction", "explanation"}

// Canonical returns the arguments of a call in the form of the tool's schema:
// names that models use instead of ours become ours, which win where both are
// given; null and ignored arguments are left out; "30" and "true" become 30 and
// true where the schema wants such. Anything else stays as it is, and the call
// refuses it. Arguments that need no change, are malformed or belong to an unknown
// tool are returned as they are.
func (r *Registry) Canonical(name, arguments string) string {
	if r != nil {
		if i, ok := r.byName[name]; ok {
			return r.tools[i].canonical(arguments)
		}
	}
	return arguments
}

// member is one argument of a call.
type member struct {
	name  string
	value json.RawMessage
}

// members are the arguments of a call in the order of its text.
type members struct {
	schema  *jsonschema.Schema
	all     []member
	changed bool
}

// canonical does the work of Registry.Canonical for a tool with that schema.
func canonical(schema *jsonschema.Schema, arguments string) string {
	text := strings.TrimSpace(arguments)
	if len(arguments) > maxArguments || !strings.HasPrefix(text, "{") || !json.Valid([]byte(text)) {
		return arguments
	}
	m := members{schema: schema}
	scan := strictjson.Scan([]byte(text))
	twice := false
	err := scan.Members(func(name string, value []byte) error {
		twice = twice || m.index(name) >= 0
		m.all = append(m.all, member{name, value})
		return nil
	})
	if err != nil || twice {
		return arguments
	}
	m.drop(func(a member) bool {
		return string(a.value) == "null" || slices.Contains(ignored, a.name) && !m.known(a.name)
	})
	m.rename()
	for i := range m.all {
		m.coerce(&m.all[i])
	}
	m.lines()
	if !m.changed {
		return arguments
	}
	return m.text()
}

func (m *members) known(name string) bool { return m.schema.Properties[name] != nil }

func (m *members) index(name string) int {
	return slices.IndexFunc(m.all, func(a member) bool { return a.name == name })
}

func (m *members) drop(unwanted func(member) bool) {
	n := len(m.all)
	m.all = slices.DeleteFunc(m.all, unwanted)
	m.changed = m.changed || len(m.all) < n
}

// rename gives arguments our names. Where several that differ stand for the same
// one, they stay, and the call is refused.
func (m *members) rename() {
	given := slices.Clone(m.all)
	for _, a := range given {
		to := m.ours(a.name)
		if to == "" {
			continue
		}
		others := func(b member) bool { return m.ours(b.name) == to && !bytes.Equal(a.value, b.value) }
		switch {
		case m.index(to) >= 0: // given, or renamed from one that is equal
			m.drop(func(b member) bool { return b.name == a.name })
		case !slices.ContainsFunc(given, others):
			m.all[m.index(a.name)].name, m.changed = to, true
		}
	}
}

// ours returns our name for an alias, "" for a name that is none here.
func (m *members) ours(name string) string {
	if to := aliases[name]; m.known(to) && !m.known(name) {
		return to
	}
	return ""
}

var (
	wholeText  = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,17})$`)
	numberText = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$`)
)

// coerce makes a number or a truth value of a string where the schema wants one.
func (m *members) coerce(a *member) {
	if len(a.value) == 0 || a.value[0] != '"' {
		return
	}
	field := m.schema.Properties[a.name]
	if field == nil {
		return
	}
	text := strictjson.Unquote(a.value)
	switch {
	case field.Type == "integer" && wholeText.MatchString(text),
		field.Type == "number" && numberText.MatchString(text),
		field.Type == "boolean" && (text == "true" || text == "false"):
		a.value, m.changed = json.RawMessage(text), true
	}
}

// lines turns the first and the last line into offset and limit. A range that is
// none stays.
func (m *members) lines() {
	if !m.known("offset") || !m.known("limit") || m.known("start_line") || m.known("end_line") {
		return
	}
	if start, ok := m.whole("start_line"); ok {
		m.replace("start_line", "offset", start)
	}
	end, ok := m.whole("end_line")
	if !ok {
		return
	}
	offset, ok := m.whole("offset")
	if !ok {
		offset = 1
	}
	if m.index("limit") >= 0 || end >= offset {
		m.replace("end_line", "limit", end-offset+1)
	}
}

// whole returns the value of an argument that is a whole number, or the text of
// one.
func (m *members) whole(name string) (int64, bool) {
	i := m.index(name)
	if i < 0 {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.Trim(string(m.all[i].value), `"`), 10, 32)
	return n, err == nil
}

// replace sets an argument in place of another one, unless it is given.
func (m *members) replace(old, name string, value int64) {
	if m.index(name) >= 0 {
		m.drop(func(a member) bool { return a.name == old })
		return
	}
	m.all[m.index(old)] = member{name, strconv.AppendInt(nil, value, 10)}
	m.changed = true
}

// text writes the arguments as a JSON object.
func (m *members) text() string {
	var b strings.Builder
	for i, a := range m.all {
		b.WriteByte("{,"[min(i, 1)])
		name, _ := json.Marshal(a.name) // cannot fail
		b.Write(name)
		b.WriteByte(':')
		b.Write(a.value)
	}
	if len(m.all) == 0 {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	return b.String()
}
