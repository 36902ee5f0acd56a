// Package config reads the one configuration file, strictly: an unknown key is
// an error, and everything that is wrong is said at once, each in one sentence
// with its line. A file without any key is a working configuration; deploy/parvis.toml
// shows every key with its default.
//
// Secrets do not stand in the file. They are files of their own, which only their
// owner may read; a relative name is looked up in $CREDENTIALS_DIRECTORY when
// systemd sets it, else beside the configuration file.
package config
