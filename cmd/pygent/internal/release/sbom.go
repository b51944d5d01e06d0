package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/url"
	"runtime/debug"
	"strings"
)

// The parts of a CycloneDX 1.6 document that this program writes, see
// https://cyclonedx.org/docs/1.6/json/.
type bom struct {
	Format       string       `json:"bomFormat"`
	SpecVersion  string       `json:"specVersion"`
	SerialNumber string       `json:"serialNumber"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Timestamp string    `json:"timestamp"`
	Component component `json:"component"`
}

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	PURL       string     `json:"purl"`
	Hashes     []hash     `json:"hashes,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

// billOfMaterials lists the parts of a program from its build info: its modules with their
// sums in go.sum, and Go's standard library. program is the SHA-256 of the file.
func billOfMaterials(info *debug.BuildInfo, b build, program [sha256.Size]byte) ([]byte, error) {
	self := module(info.Main)
	self.Type = "application"
	self.Hashes = []hash{{"SHA-256", fmt.Sprintf("%x", program)}}
	for _, s := range info.Settings {
		if s.Key == "GOOS" || s.Key == "GOARCH" || s.Key == "CGO_ENABLED" || s.Key == "vcs.revision" {
			self.Properties = append(self.Properties, property{"go:build:" + s.Key, s.Value})
		}
	}
	std := component{Type: "library", Name: "std", Version: info.GoVersion}
	std.PURL = "pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go")
	std.Ref = std.PURL

	doc := bom{
		Format: "CycloneDX", SpecVersion: "1.6", Version: 1, SerialNumber: serial(program),
		Metadata:   metadata{b.when.Format("2006-01-02T15:04:05Z"), self},
		Components: []component{std},
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		doc.Components = append(doc.Components, module(*m))
	}
	all := dependency{Ref: self.Ref}
	for _, c := range doc.Components {
		all.DependsOn = append(all.DependsOn, c.Ref)
	}
	doc.Dependencies = []dependency{all}
	text, err := json.MarshalIndent(doc, "", "  ")
	return append(text, '\n'), err
}

func module(m debug.Module) component {
	c := component{Type: "library", Name: m.Path, Version: m.Version}
	c.PURL = "pkg:golang/" + m.Path + "@" + url.PathEscape(m.Version)
	c.Ref = c.PURL
	if m.Sum != "" {
		c.Properties = []property{{"go:sum", m.Sum}}
	}
	return c
}

// serial returns a UUID (RFC 9562, version 8) made from the program's hash, so that it is
// the same for the same release.
func serial(program [sha256.Size]byte) string {
	u := program[:16]
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16])
}
