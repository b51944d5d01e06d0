//go:build !unix

package gitguard

import (
	"errors"
	"os"
)

// There is no lock here that ends with the process and lets others read the
// file.

func lockShared(*os.File) error { return errors.ErrUnsupported }

func lockAlone(*os.File) error { return errors.ErrUnsupported }

func lockPatiently(*os.File) error { return errors.ErrUnsupported }

func lockSharedPatiently(*os.File) error { return nil }

func unlock(*os.File) {}
