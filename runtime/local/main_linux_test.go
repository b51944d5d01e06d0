package local_test

import (
	"os"
	"testing"

	"github.com/pygent/pygent/runtime/local"
)

func TestMain(m *testing.M) {
	local.RunIfChild()
	if len(os.Args) > 2 && os.Args[1] == attackArg {
		os.Exit(attack(os.Args[2], os.Args[3:]))
	}
	os.Exit(m.Run())
}
