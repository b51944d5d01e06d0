package local_test

import (
	"os"
	"testing"

	"github.com/pygent/pygent/runtime/local"
)

func TestMain(m *testing.M) {
	local.RunIfChild()
	os.Exit(m.Run())
}
