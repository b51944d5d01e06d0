package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// build is the release for one system.
type build struct {
	os, arch string
	program  string // path of the compiled program
	when     time.Time
	common   []file
}

// write writes the archive and its bill of materials.
func (b build) write(out string) error {
	program := "pygent"
	if b.os == "windows" {
		program += ".exe"
	}
	data, err := os.ReadFile(b.program)
	if err != nil {
		return err
	}
	info, err := buildinfo.Read(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("read what it was built from: %w", err)
	}
	name := fmt.Sprintf("pygent_%s_%s_%s", versionOf(info), b.os, b.arch)
	files := append([]file{{program, 0o755, data}}, b.common...)
	slices.SortFunc(files, func(x, y file) int { return strings.Compare(x.name, y.name) })

	pack, ending := tarGz, ".tar.gz"
	if b.os == "windows" {
		pack, ending = zipped, ".zip"
	}
	archive, err := pack(name, files, b.when)
	if err != nil {
		return err
	}
	bill, err := billOfMaterials(info, b, sha256.Sum256(data))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, name+".cdx.json"), bill, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, name+ending), archive, 0o644)
}

// versionOf returns the tag or the commit, as the program itself reports it. If the compiler
// does not see the commit, as in a linked worktree, the version is a development one.
func versionOf(info *debug.BuildInfo) string {
	if info.Main.Version == "(devel)" {
		return "dev"
	}
	return strings.TrimPrefix(info.Main.Version, "v")
}

// tarGz packs files in a directory called name.
func tarGz(name string, files []file, when time.Time) ([]byte, error) {
	var b bytes.Buffer
	gz, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	w := tar.NewWriter(gz)
	for _, f := range files {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: name + "/" + f.name, Mode: f.mode, Size: int64(len(f.data)), ModTime: when, Format: tar.FormatUSTAR}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := gz.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func zipped(name string, files []file, when time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: name + "/" + f.name, Method: zip.Deflate, Modified: when}
		h.SetMode(os.FileMode(f.mode))
		to, err := w.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := to.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// writeChecksums writes SHA256SUMS in the format of sha256sum -c.
func writeChecksums(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(data), e.Name())
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(b.String()), 0o644)
}
