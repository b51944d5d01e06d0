package tools_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pygent/pygent/tools"
)

// TestSizes: the tools are sent with each request.
func TestSizes(t *testing.T) {
	for _, tt := range []struct {
		tool tools.Tool
		most int
	}{
		{tools.ReadFile(), 700},
		{tools.EditFile(), 700},
		{tools.ApplyPatch(), 1800},
		{tools.WriteFile(), 700},
		{tools.DownloadFile(), 700},
	} {
		spec, err := json.Marshal(tt.tool.Spec())
		if err != nil {
			t.Fatal(err)
		}
		if len(spec) > tt.most {
			t.Errorf("%s: %d bytes, at most %d", tt.tool.Spec().Name, len(spec), tt.most)
		}
		t.Logf("%s: %d bytes", tt.tool.Spec().Name, len(spec))
	}
	if text := tools.DownloadFile().Spec().Description; len(text) > 300 || !strings.Contains(text, "read_file") {
		t.Errorf("download_file: %d bytes: %s", len(text), text)
	}
}
