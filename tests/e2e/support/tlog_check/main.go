// Checks an exported record by Go's own implementation of signed notes and transparency logs
// (golang.org/x/mod/sumdb): signature, tiles, and each entry's proof of inclusion.
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(parts ...string) []byte {
	octets, err := os.ReadFile(filepath.Join(parts...))
	must(err)
	return octets
}

// Go names a tile tile/HEIGHT/LEVEL/..., the layout of C2SP leaves the height out.
type folder string

func (f folder) Height() int { return 8 }
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, tile := range tiles {
		path := "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
		octets, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		out = append(out, octets)
	}
	return out, nil
}
func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func main() {
	at := os.Args[1]
	verifier, err := note.NewVerifier(strings.TrimSpace(string(read(at, "verifier-key"))))
	must(err)
	checkpoint, err := note.Open(read(at, "checkpoint"), note.VerifierList(verifier))
	must(err)
	lines := strings.Split(checkpoint.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := base64.StdEncoding.DecodeString(lines[2])
	must(err)
	tree := tlog.Tree{N: size, Hash: tlog.Hash(root)}
	reader := tlog.TileHashReader(tree, folder(at))
	var bundle []byte
	for n := int64(0); n < size; n++ {
		if n%256 == 0 {
			tile := tlog.Tile{H: 8, L: 0, N: n / 256, W: int(min(256, size-n))}
			bundle = read(at, strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1))
		}
		length := 2 + int(binary.BigEndian.Uint16(bundle))
		entry := bundle[2:length]
		bundle = bundle[length:]
		proof, err := tlog.ProveRecord(size, n, reader)
		must(err)
		must(tlog.CheckRecord(proof, size, tree.Hash, n, tlog.RecordHash(entry)))
	}
	fmt.Println(lines[0], size)
}
