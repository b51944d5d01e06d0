// Command gen writes the reference of the settings. go generate runs it in the parent
// directory.
package main

import (
	"log"
	"os"

	"github.com/pygent/pygent/cmd/pygent/internal/config"
)

func main() {
	for name, content := range map[string][]byte{
		"../../configuration.md":    config.Reference(),
		"../../pygent.example.toml": config.Example(),
	} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
