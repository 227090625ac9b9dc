package main

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"ukbot/secret"
)

// setting is one row of `ukbot config`.
type setting struct {
	Env   string `json:"env"`
	Flag  string `json:"flag"`
	Value string `json:"value"`
	From  string `json:"from"` // "environment", "default", "dev beside", "flag"
}

// settingFlags are the flags of Settings, in their order.
func settingFlags(model *kong.Application) []*kong.Flag {
	var flags []*kong.Flag
	for _, flag := range model.Flags {
		if flag.Group != nil && flag.Group.Key == "Settings:" {
			flags = append(flags, flag)
		}
	}
	return flags
}

// effective is every setting as it is in force, secrets masked.
func effective(s *Settings, model *kong.Application) []setting {
	values := map[string]reflect.Value{}
	fields := reflect.TypeFor[Settings]()
	for i := range fields.NumField() {
		values[fields.Field(i).Tag.Get("env")] = reflect.ValueOf(*s).Field(i)
	}
	var rows []setting
	for _, flag := range settingFlags(model) {
		env := flag.Envs[0]
		row := setting{Env: env, Flag: "--" + flag.Name, Value: shown(values[env]), From: "default"}
		switch _, set := os.LookupEnv(env); {
		case set:
			row.From = "environment"
		case given(flag):
			row.From = "flag"
		case besides[env] && row.Value != flag.Default:
			row.From = "dev beside"
		}
		rows = append(rows, row)
	}
	return rows
}

// given says whether a flag stands on the command line: kong calls a flag set
// that has its default.
func given(flag *kong.Flag) bool {
	return slices.ContainsFunc(os.Args[1:], func(arg string) bool {
		name, _, _ := strings.Cut(arg, "=")
		return name == "--"+flag.Name
	})
}

// besides are the settings that the dev beside tells (Settings.beside).
var besides = map[string]bool{
	"NATS_URL": true, "DATABASE_URL": true, "UKBOT_KEYS": true, "UKBOT_API_KEYS": true, "UKBOT_HTTP_ADDR": true,
	"TELEGRAM_TOKEN": true, "UKBOT_TELEGRAM_API": true,
}

// shown prints a setting; a secret that is not set prints as nothing.
func shown(v reflect.Value) string {
	if text, ok := v.Interface().(secret.Text); ok {
		if text == "" {
			return ""
		}
		return text.String()
	}
	if list, ok := v.Interface().([]string); ok {
		return strings.Join(list, ",")
	}
	return fmt.Sprint(v.Interface())
}

// writeEnvExample writes .env.example: every setting with its sentence and default.
func writeEnvExample(out io.Writer, model *kong.Application) error {
	var text strings.Builder
	text.WriteString("# Settings of ukbot, made by `go run . config --env-example`. A line that is\n# commented out shows the default.\n")
	for _, flag := range settingFlags(model) {
		fmt.Fprintf(&text, "\n# %s\n#%s=%s\n", flag.Help, flag.Envs[0], flag.Default)
	}
	_, err := io.WriteString(out, text.String())
	return err
}
