package trial

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// section is one part of a txtar file. Its header is "KIND NAME | FLAG, FLAG=VALUE",
// of which the name and the flags can be absent.
type section struct {
	kind, name string
	flags      map[string]string
	data       []byte // after the flags were applied
}

// knownFlags lists the flags of a header, and what they do to the text below it.
var knownFlags = []string{
	"crlf",    // lines end in CRLF
	"nonl",    // the last line has no end
	"nl",      // of an argument: the last line has an end
	"bom",     // begins with the byte order mark of UTF-8
	"utf16le", // with a byte order mark
	"utf16be", // likewise
	"latin1",
	"esc",    // \t \r \s (space) \\ \xNN (a byte) \uNNNN stand for characters
	"times",  // so many copies; {n} is the number of the copy, from 1
	"joined", // the copies are one line
	"append", // continues the file of the section before
	"mode",   // permission bits, octal
	"link",   // a symbolic link to the text
	"png",    // a picture of WIDTHxHEIGHT
	"fails",  // of a call: it is an error
}

// readSections reads the sections of a file.
func readSections(file string) ([]section, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var list []section
	for _, f := range txtar.Parse(raw).Files {
		s, err := parseSection(f)
		if err != nil {
			return nil, fmt.Errorf("%s: section %q: %w", file, f.Name, err)
		}
		list = append(list, s)
	}
	return list, nil
}

func parseSection(f txtar.File) (section, error) {
	head, flags, _ := strings.Cut(f.Name, " | ")
	kind, name, _ := strings.Cut(strings.TrimSpace(head), " ")
	s := section{kind: kind, name: strings.TrimSpace(name), flags: map[string]string{}}
	for flag := range strings.SplitSeq(flags, ",") {
		if flag = strings.TrimSpace(flag); flag == "" {
			continue
		}
		key, value, _ := strings.Cut(flag, "=")
		if !slices.Contains(knownFlags, key) {
			return section{}, fmt.Errorf("no flag is named %q", key)
		}
		s.flags[key] = value
	}
	if slices.Contains([]string{"arg", "patch", "shell"}, s.kind) && !s.has("nl") {
		s.flags["nonl"] = ""
	}
	var err error
	s.data, err = render(string(f.Data), s.flags)
	return s, err
}

func (s section) has(flag string) bool {
	_, ok := s.flags[flag]
	return ok
}

// fields reads the "key: value" lines of a header's text. A line that begins with a
// space continues the line before.
func (s section) fields() (map[string][]string, error) {
	fields := map[string][]string{}
	last := ""
	for line := range strings.Lines(string(s.data)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.TrimSpace(line) == "":
		case strings.HasPrefix(line, " ") && last != "":
			list := fields[last]
			list[len(list)-1] += " " + strings.TrimSpace(line)
		default:
			key, value, ok := strings.Cut(line, ": ")
			if !ok {
				return nil, fmt.Errorf("%s %s: no field: %q", s.kind, s.name, line)
			}
			last = key
			fields[key] = append(fields[key], strings.TrimSpace(value))
		}
	}
	return fields, nil
}
