package strictjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

type part struct {
	Path string  `json:"path"`
	Seen float64 `json:"seen,omitempty"`
}

type base struct {
	ID int `json:"id,omitempty"`
}

type sample struct {
	base
	Text   string            `json:"text"`
	Small  int8              `json:"small,omitempty"`
	Parts  []part            `json:"parts,omitempty"`
	Part   *part             `json:"part,omitempty"`
	Pairs  map[string]bool   `json:"pairs,omitempty"`
	Any    any               `json:"any,omitempty"`
	Raw    json.RawMessage   `json:"raw,omitempty"`
	At     *time.Time        `json:"at,omitzero"`
	Kids   map[string]sample `json:"kids,omitempty"`
	Hidden string            `json:"-"`
	inside string            //nolint:unused // a field that JSON does not know
}

var shape = ShapeOf(reflect.TypeFor[sample]())

// told lists the problems of a text in short form.
func told(t *testing.T, text string, rules Rules) (all []string) {
	t.Helper()
	var v sample
	err := shape.Decode([]byte(text), &v, rules, func(p Problem) error {
		all = append(all, strings.TrimSpace(fmt.Sprint(p.Path, " ", p.Fault, " ", p.Want, p.Near, p.Value)))
		return nil
	})
	if err != nil {
		t.Errorf("%s: %v", text, err)
	}
	return all
}

func TestDecode(t *testing.T) {
	var v sample
	text := `{"id":1,"text":"x","parts":[{"path":"a","seen":2}],"pairs":{"y":true},"any":{"a":[1]},"raw":[],"at":"2026-11-01T00:00:00Z","kids":{"k":{"text":"z"}}}`
	err := shape.Decode([]byte(text), &v, Rules{}, func(p Problem) error { return errors.New(p.Path) })
	if err != nil || v.ID != 1 || v.Parts[0].Seen != 2 || v.Kids["k"].Text != "z" || v.At.Year() != 2026 {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestProblems(t *testing.T) {
	lax := Rules{Unknown: true, Null: true}
	for _, tt := range []struct {
		text  string
		rules Rules
		want  []string
	}{
		{`{}`, Rules{}, []string{"text 4"}},
		{`{"text":1}`, lax, []string{"text 1 string"}},
		{`{"text":null}`, lax, []string{"text 1 string"}},
		{`{"text":"","part":null}`, lax, nil},
		{`{"text":"","part":null}`, Rules{}, []string{"part 1 object"}},
		{`{"text":"","new":{"a":1,"a":2}}`, lax, nil},
		{`{"text":"","new":1}`, Rules{}, []string{"new 3"}},
		{`{"TEXT":""}`, lax, []string{"TEXT 3 text", "text 4"}},
		{`{"text":"","te\u0078t":""}`, lax, []string{"text 2"}},
		{`{"text":"","small":1.5}`, Rules{}, []string{"small 1 integer1.5"}},
		{`{"text":"","small":300}`, Rules{}, []string{"small 6 number 300"}},
		{`{"text":"","parts":[{"path":""},{},{"path":"","seen":"x"}]}`, Rules{}, []string{"parts[1].path 4", "parts[2].seen 1 number"}},
		{`{"text":"","pairs":{"a":true,"a":null}}`, lax, []string{"pairs.a 2"}},
		{`{"text":"","any":[{"b":{"c":1,"c":1}}]}`, Rules{}, []string{"any.c 2"}},
		{`{"text":"","any":{"c":"c","d":["c","c"]}}`, Rules{}, nil},
		{`{"text":"","any":[{"c":1,"c":1}]}`, lax, nil},
		{`{"text":"","at":"yesterday"}`, Rules{}, []string{"at 5"}},
		{`{"text":"","kids":{"k":{"text":"","kids":{"l":{}}}}}`, lax, []string{"kids.k.kids.l.text 4"}},
		{`{"text":"","Hidden":"","inside":""}`, Rules{}, []string{"Hidden 3", "inside 3"}},
	} {
		if got := told(t, tt.text, tt.rules); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.text, got, tt.want)
		}
	}
}

// An error of report ends the walk, and nothing is decoded.
func TestReportEnds(t *testing.T) {
	stop := errors.New("stop")
	calls := 0
	v := sample{Text: "before"}
	err := shape.Decode([]byte(`{"id":"a","text":"after","small":"b"}`), &v, Rules{}, func(Problem) error {
		calls++
		return stop
	})
	if !errors.Is(err, stop) || calls != 1 || v.Text != "before" {
		t.Errorf("%v, %d calls, %+v", err, calls, v)
	}
}

func TestTooDeep(t *testing.T) {
	deep := strings.Repeat("[", 2*MaxDepth) + strings.Repeat("]", 2*MaxDepth)
	var v sample
	if err := shape.Decode([]byte(`{"text":"","any":`+deep+`}`), &v, Rules{Unknown: true}, func(Problem) error { return nil }); err == nil {
		t.Error("no error")
	}
}

// FuzzScan: the scanner and encoding/json accept the same texts.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,2.5e-3,true,false,null,"x\u00e9\n"]}`, `[]`, `{"a":1,}`, `{"a" 1}`, `01`, `-`, `1.`, `"\x"`, `{}{}`, ` { } `, "\"\x01\"", `nul`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := Scan(text)
		_, err := s.Value()
		if err == nil {
			err = s.End()
		}
		if s.Depth() < MaxDepth && (err == nil) != json.Valid(text) {
			t.Fatalf("scanner: %v, json.Valid: %v", err, json.Valid(text))
		}
	})
}

// FuzzDecode: text without a problem is decoded as encoding/json does, and no
// text causes a panic.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"text":"x","parts":[{"path":"a"}],"any":{"a":{"a":1}}}`, `{"TEXT":1}`, `{"text":"","small":1e99}`, `{"text":"","at":"x"}`} {
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, lax bool) {
		if !json.Valid(text) || !strings.HasPrefix(string(text), "{") {
			return
		}
		var got, want sample
		problems := 0
		err := shape.Decode(text, &got, Rules{Unknown: lax, Null: lax}, func(Problem) error {
			problems++
			return nil
		})
		if err != nil || problems > 0 {
			return
		}
		if err := json.Unmarshal(text, &want); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, want %+v: %v", got, want, err)
		}
	})
}
