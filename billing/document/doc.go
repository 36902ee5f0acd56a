// Package document writes what was issued in the forms that people and other
// programs read: the charges file that goes into an operator's rent system.
package document
