package protect_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/pygent/pygent/runtime/protect"
)

func TestDocumentHasTheList(t *testing.T) {
	got, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, protect.Markdown()) {
		t.Error("README.md is stale: run go generate in runtime/protect")
	}
}
