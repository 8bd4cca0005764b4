// Command builtin-types writes how the Go types of the built-in kinds are serialised: which fields are always written,
// which are left out when empty, which hold quantities. In test/control-plane:
//
//	go run ./builtin-types > ../../src/manifest/builtin-types.json
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/scheme"
)

type table struct {
	Kinds map[string]string            `json:"kinds"`
	Types map[string]map[string]string `json:"types"`
}

var (
	out   = table{map[string]string{}, map[string]map[string]string{}}
	names = map[reflect.Type]string{}

	quantity    = reflect.TypeFor[resource.Quantity]()
	intOrString = reflect.TypeFor[intstr.IntOrString]()
	marshaler   = reflect.TypeFor[json.Marshaler]()
	typeMeta    = reflect.TypeFor[metav1.TypeMeta]()
	objectMeta  = reflect.TypeFor[metav1.ObjectMeta]()
)

// stable versions alone: API servers have the others off by default.
var stable = regexp.MustCompile(`^v[0-9]+$`)

// notApplied are kinds that only ever pass through the API server; roles are sent as they are, as Flux does.
var notApplied = regexp.MustCompile(`List$|Review$|^(Binding|ClusterRole|ComponentStatus|Event|Eviction|RangeAllocation|Role|Scale|TokenRequest)$`)

func main() {
	for gvk, typ := range scheme.Scheme.AllKnownTypes() {
		if !hasMeta(typ) || !stable.MatchString(gvk.Version) || notApplied.MatchString(gvk.Kind) {
			continue
		}
		key := gvk.Kind + "." + gvk.Version
		if gvk.Group != "" {
			key += "." + gvk.Group
		}
		out.Kinds[key] = nameOf(typ)
	}
	merge()
	prune()
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(map[string]any{"kinds": out.Kinds, "types": lines()}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// lines writes each type as one line: field and rule, field and rule, …
func lines() map[string]string {
	result := map[string]string{}
	for name, rules := range out.Types {
		words := []string{}
		for _, field := range sorted(rules) {
			words = append(words, field+rules[field])
		}
		result[name] = strings.Join(words, " ")
	}
	return result
}

// nameOf describes a struct type once and returns its unique name.
func nameOf(typ reflect.Type) string {
	if name, ok := names[typ]; ok {
		return name
	}
	path := strings.Split(typ.PkgPath(), "/")
	name := typ.Name() + "." + strings.Join(path[len(path)-2:], ".")
	names[typ] = name
	fields := map[string]string{}
	out.Types[name] = fields
	describe(typ, fields)
	return name
}

func describe(typ reflect.Type, fields map[string]string) {
	for i := range typ.NumField() {
		field := typ.Field(i)
		tag := strings.Split(field.Tag.Get("json"), ",")
		options := strings.Join(tag[1:], ",")
		switch {
		case tag[0] == "-" || !field.IsExported():
		case tag[0] == "":
			describe(field.Type, fields)
		case typ == typeMeta:
		case tag[0] == "status" && hasMeta(typ):
			fields["status"] = "!"
		default:
			rule := ruleOf(field.Type, strings.Contains(options, "omitempty"), strings.Contains(options, "omitzero"))
			if rule != "" {
				fields[tag[0]] = rule
			}
		}
	}
}

func hasMeta(typ reflect.Type) bool {
	meta, ok := typ.FieldByName("ObjectMeta")
	return ok && meta.Type == objectMeta
}

// ruleOf: the legend is in src/manifest/builtin-types.ts.
func ruleOf(typ reflect.Type, omitEmpty, omitZero bool) string {
	empty := ""
	if omitEmpty {
		empty = "?"
	}
	switch typ.Kind() {
	case reflect.Pointer:
		if rule := valueOf(typ.Elem()); rule != "" {
			return ":" + rule
		}
		return ""
	case reflect.Slice:
		if typ.Elem().Kind() == reflect.Uint8 {
			return empty + ":bytes"
		}
		if rule := valueOf(typ.Elem()); rule != "" {
			return empty + "[" + rule
		}
		return empty
	case reflect.Map:
		if typ.Elem().Kind() == reflect.String {
			return empty + "{text"
		}
		if rule := valueOf(typ.Elem()); rule != "" {
			return empty + "{" + rule
		}
		return empty
	case reflect.String:
		if omitEmpty {
			return "?"
		}
		return "=text"
	case reflect.Bool:
		if omitEmpty {
			return "?"
		}
		return "=false"
	case reflect.Int32, reflect.Int64, reflect.Int, reflect.Uint32, reflect.Uint64, reflect.Float64:
		if omitEmpty {
			return "?"
		}
		return "=0"
	case reflect.Struct:
		if typ == intOrString {
			return "=0"
		}
		rule := valueOf(typ)
		if typ == quantity {
			return "!quantity"
		}
		if rule == "" {
			return ""
		}
		if omitZero {
			return ":" + rule
		}
		return "!" + rule
	}
	return ""
}

// valueOf: the rule for a present value of the type; empty if it stays as it is.
func valueOf(typ reflect.Type) string {
	switch {
	case typ == quantity:
		return "quantity"
	case typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.Uint8:
		return "bytes"
	case typ.Kind() == reflect.Struct && !typ.Implements(marshaler) && !reflect.PointerTo(typ).Implements(marshaler):
		return nameOf(typ)
	}
	return ""
}

// merge gives types with equal rules one name: most types are the same in all versions of their group.
func merge() {
	for changed := true; changed; {
		changed = false
		byRules := map[string]string{}
		for _, name := range sorted(out.Types) {
			rules, _ := json.Marshal(out.Types[name])
			short, _, _ := strings.Cut(name, ".")
			key := short + string(rules)
			first, ok := byRules[key]
			if !ok {
				byRules[key] = name
				continue
			}
			rename(name, first)
			delete(out.Types, name)
			changed = true
		}
	}
	taken := map[string]bool{}
	for _, name := range sorted(out.Types) {
		short, _, _ := strings.Cut(name, ".")
		if !taken[short] {
			taken[short] = true
			out.Types[short] = out.Types[name]
			delete(out.Types, name)
			rename(name, short)
		}
	}
}

func rename(from, to string) {
	for kind, name := range out.Kinds {
		if name == from {
			out.Kinds[kind] = to
		}
	}
	for _, rules := range out.Types {
		for field, rule := range rules {
			prefix := strings.TrimRight(strings.TrimSuffix(rule, from), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.")
			if prefix+from == rule {
				rules[field] = prefix + to
			}
		}
	}
}

// prune drops references to types without rules, except where the type is always written, and types nobody needs.
func prune() {
	for changed := true; changed; {
		changed = false
		for _, rules := range out.Types {
			for field, rule := range rules {
				name := strings.TrimLeft(rule, ":?![{")
				target, isType := out.Types[name]
				if !isType || len(target) > 0 || strings.HasPrefix(rule, "!") {
					continue
				}
				changed = true
				if strings.HasPrefix(rule, "?") {
					rules[field] = "?"
				} else {
					delete(rules, field)
				}
			}
		}
	}
	used := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if used[name] {
			return
		}
		used[name] = true
		for _, rule := range out.Types[name] {
			if target := strings.TrimLeft(rule, ":?![{"); out.Types[target] != nil {
				visit(target)
			}
		}
	}
	for _, name := range out.Kinds {
		if !used[name] {
			visit(name)
		}
	}
	for name := range out.Types {
		if !used[name] {
			delete(out.Types, name)
		}
	}
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
