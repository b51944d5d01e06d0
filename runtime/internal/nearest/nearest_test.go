package nearest_test

import (
	"path"
	"slices"
	"testing"

	"github.com/pygent/pygent/runtime/internal/nearest"
)

func TestOrderAndBound(t *testing.T) {
	below := map[string][]string{".": {"a", "vendor", "b"}, "a": {"c"}, "vendor": {"x"}, "b": {"dist"}, "vendor/x": {"y"}}
	for most, want := range map[int][]string{
		9: {".", "a", "b", "a/c", "vendor", "b/dist", "vendor/x", "vendor/x/y"},
		8: {".", "a", "b", "a/c", "vendor", "b/dist", "vendor/x", "vendor/x/y"},
		3: {".", "a", "b", "unseen: a/c"},
		0: {"unseen: ."},
	} {
		q := nearest.Queue[string]{Most: most}
		q.Push(".", false)
		var got []string
		for {
			at, more, full := q.Next()
			if full {
				got = append(got, "unseen: "+at)
			}
			if !more || full {
				break
			}
			got = append(got, at)
			names := below[at]
			for _, name := range names[:min(len(names), q.Room())] {
				q.Push(path.Join(at, name), nearest.Late(at, name))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d: %q, want %q", most, got, want)
		}
	}
}
