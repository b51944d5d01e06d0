package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"gopkg.in/natefinch/lumberjack.v2"

	"github.com/pygent/pygent/cmd/pygent/internal/config"
	"github.com/pygent/pygent/runtime/statedir"
)

// Limits of the log file.
const (
	logMegabytes = 10
	logBackups   = 3
)

// newLogger logs to a rotated file at the configured level, and warnings and errors also to
// stderr. stdout belongs to the protocol.
func newLogger(cfg config.Config, stderr io.Writer) (*zap.Logger, func() error, error) {
	level, err := zapcore.ParseLevel(cfg.LogLevel)
	if err != nil {
		return nil, nil, &config.Error{Setting: "log_level (PYGENT_LOG_LEVEL)", Reason: err.Error()}
	}
	console := zap.NewDevelopmentEncoderConfig()
	console.TimeKey, console.CallerKey, console.StacktraceKey = "", "", ""
	visible := zapcore.NewCore(zapcore.NewConsoleEncoder(console), zapcore.AddSync(stderr), max(level, zapcore.WarnLevel))

	path := cfg.LogFile
	if path == "" {
		dir, err := makeStateDir()
		if err != nil {
			log := zap.New(visible)
			log.Warn("cannot write a log file", zap.Error(err))
			return log, func() error { return nil }, nil
		}
		path = filepath.Join(dir, "pygent.log")
	}
	if err := checkLogFile(path); err != nil {
		return nil, nil, &config.Error{Setting: "log_file (PYGENT_LOG_FILE)", Reason: err.Error()}
	}
	file := &lumberjack.Logger{Filename: path, MaxSize: logMegabytes, MaxBackups: logBackups}
	encoder := zap.NewProductionEncoderConfig()
	encoder.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	kept := zapcore.NewCore(zapcore.NewJSONEncoder(encoder), zapcore.AddSync(file), level)
	return zap.New(zapcore.NewTee(visible, kept)).With(zap.Int("pid", os.Getpid())), file.Close, nil
}

// makeStateDir makes the state directory and returns its path.
func makeStateDir(below ...string) (string, error) {
	dir, err := statedir.Path()
	if err != nil {
		return "", err
	}
	return statedir.Make(dir, below...)
}

// checkLogFile checks that path can be a log file, because the rotating writer would rename
// anything that it cannot open, even a directory.
func checkLogFile(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%q is not a regular file", path)
	}
	return nil
}
