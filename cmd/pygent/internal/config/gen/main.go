// Command gen writes the reference of the settings. It is run by go generate in
// the directory above.
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
