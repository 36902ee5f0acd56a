// Package commune reads the file that describes a commune, with the CSV files
// that it names, and works out what has to be written so that the database says
// the same. Nouns are found again by name, so that a file may be read any number
// of times; what it does not name stays.
//
// It says all that is wrong at once, each with its line, and then gives nothing
// to write.
package commune
