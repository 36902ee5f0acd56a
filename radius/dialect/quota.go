package dialect

// appendQuota appends a quota in octets as two integers, the low 32 bits and
// the Gigawords (RFC 2869 §5.1 counts so). Both are always there: a NAS that
// adds an absent one up gets no quota at all.
func appendQuota(b []byte, vendor uint32, octets, gigawords byte, quota uint64) []byte {
	if quota == 0 {
		return b
	}
	b = appendVSAUint32(b, vendor, octets, uint32(quota))
	return appendVSAUint32(b, vendor, gigawords, uint32(quota>>32))
}
