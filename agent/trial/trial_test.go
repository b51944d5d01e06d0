package trial

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pygent/pygent/tools"
)

// write puts a file of cases or jobs into a directory of the test.
func write(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "one.txtar"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRender(t *testing.T) {
	for _, c := range []struct {
		head, text, want string
	}{
		{"before a", "one\ntwo\n", "one\ntwo\n"},
		{"before a | nonl", "one\ntwo\n", "one\ntwo"},
		{"before a | crlf", "one\ntwo\n", "one\r\ntwo\r\n"},
		{"before a | crlf,nonl", "one\ntwo\n", "one\r\ntwo"},
		{"before a | bom", "one\n", "\xef\xbb\xbfone\n"},
		{"before a | utf16le,nonl", "aü\n", "\xff\xfea\x00\xfc\x00"},
		{"before a | utf16be,nonl", "a🎈\n", "\xfe\xff\x00a\xd8\x3c\xdf\x88"},
		{"before a | latin1,nonl", "é\n", "\xe9"},
		{"before a | esc", `\ta\s\r\\ \x00\u00a0` + "\n", "\ta \r\\ \x00\u00a0\n"},
		{"before a | times=3", "{n}\n", "1\n2\n3\n"},
		{"before a | times=3,joined", "{n},\n", "1,2,3,"},
		{"arg a", "one\n", "one"},
		{"arg a | nl", "one\n", "one\n"},
		{"patch", "one\n", "one"},
	} {
		dir := write(t, "-- "+c.head+" --\n"+c.text)
		list, err := readSections(filepath.Join(dir, "one.txtar"))
		if err != nil || len(list) != 1 || string(list[0].data) != c.want {
			t.Errorf("%s: %v %q, want %q", c.head, err, list, c.want)
		}
	}
}

func TestRefusedFiles(t *testing.T) {
	const head = "-- case a --\nsource: x\nexpect: right\n-- before f --\none\n"
	for _, c := range []struct {
		text, want string
	}{
		{"-- before a | frobbed --\n", "frobbed"},
		{"-- before a | esc --\n" + `\q` + "\n", `\q`},
		{"-- before a | esc,nonl --\n" + `\x1`, "short"},
		{"-- before a | latin1 --\n→\n", "Latin-1"},
		{"-- before a | png=big --\n", "png"},
		{"-- before a --\n", "before the first case"},
		{"-- case a --\nsource: x\n", "expect"},
		{"-- case a --\nsource: x\nexpect: perhaps\n", "perhaps"},
		{"-- case a --\nwords\n", "no field"},
		{head + "-- before f --\n", "twice"},
		{head + "-- arg x --\n", "no call"},
		{head + "-- call bash --\n{\"cmd\": 1}\n-- arg cmd --\n", "twice"},
		{head + "-- call bash --\n{\n-- arg cmd --\n", "no JSON object"},
		{head + "-- gone g --\n", "never"},
		{head + "-- after f --\ntwo\n", "no call"},
		{head + "-- shell --\ntrue\n", "without a tree"},
		{strings.Replace(head, "right", "refused", 1) + "-- shell --\ntrue\n", "without words"},
		{head + "-- frob --\n", "frob"},
		{head + "-- shell --\ntrue\n-- after f --\ntwo\n" + head + "-- shell --\ntrue\n-- after f --\ntwo\n", "two cases"},
	} {
		if _, err := Faults(write(t, c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
}

func TestRefusedJobs(t *testing.T) {
	const head = "-- job --\ntitle: a\nprompt: b\ncheck: c\n"
	for _, c := range []struct {
		text, want string
	}{
		{"-- job --\ntitle: a\n-- reply --\nx\n", "a prompt"},
		{head, "last reply"},
		{head + "-- reply --\n-- shell --\ntrue\n", "last reply"},
		{head + "-- shell --\ntrue\n", "before the first reply"},
		{head + "-- reply --\n-- arg x --\n", "no call"},
		{head + "-- reply --\n-- frob --\n", "named so"},
		{"-- job --\ntitle: a\nmost: many\n", "many"},
	} {
		if _, err := Jobs(write(t, c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
}

// Each verdict can be given.
func TestJudge(t *testing.T) {
	right, refused := &Fault{Right: true, Says: []string{"Done"}}, &Fault{Says: []string{"line 3"}}
	diff := errors.New("another tree")
	for _, c := range []struct {
		name        string
		fault       *Fault
		res         tools.Result
		first, diff error
		want        Verdict
	}{
		{"right", right, tools.Text("done"), nil, nil, AppliedRight},
		{"refused", refused, tools.Errorf("see Line 3"), nil, nil, RefusedRight},
		{"another change", right, tools.Text("done"), nil, diff, AppliedWrong},
		{"a change with an error", refused, tools.Errorf("see line 3"), nil, diff, AppliedWrong},
		{"a change that should not be", refused, tools.Text("done"), nil, diff, AppliedWrong},
		{"no change", right, tools.Errorf("no"), nil, diff, RefusedWrongly},
		{"an earlier call fails", right, tools.Text("done"), diff, nil, RefusedWrongly},
		{"done with an error", right, tools.Errorf("done"), nil, nil, SaidWrongly},
		{"refused as success", refused, tools.Text("line 3"), nil, nil, SaidWrongly},
		{"without the words", refused, tools.Errorf("no"), nil, nil, SaidWrongly},
	} {
		if got := c.fault.judge(c.res, c.first, c.diff); got.Verdict != c.want || (got.Err == nil) != (c.want == AppliedRight || c.want == RefusedRight) {
			t.Errorf("%s: %+v, want %s", c.name, got, c.want)
		}
	}
}

func TestTreeSame(t *testing.T) {
	one := tree{"a": {data: []byte("x"), mode: 0o644}, "l": {data: []byte("a"), link: true}}
	for _, c := range []struct {
		have tree
		want string
	}{
		{one, ""},
		{tree{"a": {data: []byte("x"), mode: 0o644}}, "l is missing"},
		{tree{"a": {data: []byte("y"), mode: 0o644}, "l": one["l"]}, `"y"`},
		{tree{"a": one["a"], "l": {data: []byte("a")}}, "link"},
		{tree{"a": one["a"], "l": one["l"], "b": {}}, "b is there"},
	} {
		err := c.have.same(one)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}
