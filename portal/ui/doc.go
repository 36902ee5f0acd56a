// Package ui is what the resident pages and the console share: the layout, the
// style sheet, the languages, the words for dates, money and amounts of data,
// and the HTTP wrapping that every handler gets.
//
// A page is plain HTML 5 and works without JavaScript. Its words come from
// lang/*.toml: a language is complete or the program does not start.
//
// The style sheet offers these classes: button (quiet, danger), notice (good,
// bad), panel, facts (a dl of label and value), field, actions, grid, stat,
// badge (good, bad, wait), table-scroll around a table with td.number, tabs,
// filters, muted, small, code.
package ui
