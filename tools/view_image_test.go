package tools_test

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pygent/pygent/tools"
)

func TestViewImage(t *testing.T) {
	c := newCaller(t, nil)
	reg, err := tools.NewRegistry(tools.ViewImage())
	if err != nil {
		t.Fatal(err)
	}
	c.reg = reg
	var small, large bytes.Buffer
	if err := png.Encode(&small, image.NewGray(image.Rect(0, 0, 4, 3))); err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(&large, image.NewGray(image.Rect(0, 0, 4000, 10))); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"a.jpg": small.String(), "large.png": large.String(), "notes.png": "hello"} {
		if _, _, err := c.env.Runtime.WriteFile(name, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/hostname", filepath.Join(c.env.Runtime.Workspace().Dir(), "out.png")); err != nil {
		t.Skip(err)
	}
	res := c.call("view_image", map[string]any{"path": "a.jpg"}) // its content counts
	if res.Text != "a.jpg: image/png, 4 x 3 pixels" || len(res.Images) != 1 || res.Images[0].MIMEType != "image/png" || !bytes.Equal(res.Images[0].Data, small.Bytes()) {
		t.Errorf("%+v", res)
	}
	if res := c.call("view_image", map[string]any{"file_path": "large.png"}); res.Text != "large.png: image/png, 4000 x 10 pixels, shown as 2000 x 5" || len(res.Images) != 1 {
		t.Errorf("%+v", res)
	}
	for path, want := range map[string]string{
		"notes.png": "notes.png: it is no png, jpeg, webp or gif image; its content is text/plain", "none.png": "not found", ".": "", "../a.png": "", "/etc/hostname": "", "": "", "out.png": "",
	} {
		if res := c.call("view_image", map[string]any{"path": path}); !res.IsError || len(res.Images) > 0 || !strings.Contains(res.Text, want) {
			t.Errorf("%q: %+v", path, res)
		}
	}
}
