// Package radius is the RADIUS server over UDP: intake, integrity, duplicates,
// proofs (PAP, CHAP, MS-CHAPv2, MAC, ticket, wired outlet), the answer, and accounting intake.
//
// The way of a datagram: a reader for each socket does what is cheap (length,
// code, NAS by source address) and puts it in a bounded queue; one of a fixed
// number of workers sheds it when it is old, checks its signature, looks into
// the duplicate cache, and handles it. Nothing on this way waits for SQL.
//
// layeh.com/radius is used as a codec only: its server and its generated vendor
// packages are not (an endless loop and a panic are known in them).
//
// The standards that comments here cite:
//
//   - RFC 2104: HMAC
//   - RFC 2132: DHCP Options and BOOTP Vendor Extensions
//   - RFC 2548: Microsoft Vendor-specific RADIUS Attributes
//   - RFC 2759: Microsoft PPP CHAP Extensions, Version 2
//   - RFC 2865: RADIUS
//   - RFC 2866: RADIUS Accounting
//   - RFC 2867: RADIUS Accounting Modifications for Tunnel Protocol Support
//   - RFC 2868: RADIUS Attributes for Tunnel Protocol Support
//   - RFC 2869: RADIUS Extensions
//   - RFC 3162: RADIUS and IPv6
//   - RFC 3046: DHCP Relay Agent Information Option
//   - RFC 3079: Deriving Keys for use with Microsoft Point-to-Point Encryption
//   - RFC 3539: Authentication, Authorization and Accounting (AAA) Transport Profile
//   - RFC 3579: RADIUS Support for EAP
//   - RFC 3580: IEEE 802.1X RADIUS Usage Guidelines
//   - RFC 3748: Extensible Authentication Protocol
//   - RFC 4372: Chargeable User Identity
//   - RFC 4679: DSL Forum Vendor-Specific RADIUS Attributes
//   - RFC 5080: Common RADIUS Implementation Issues and Suggested Fixes
//   - RFC 5176: Dynamic Authorization Extensions to RADIUS
//   - RFC 5580: Carrying Location Objects in RADIUS and Diameter
//   - RFC 5997: Use of Status-Server Packets in RADIUS
//   - RFC 6613: RADIUS over TCP
//   - RFC 6614: TLS Encryption for RADIUS
//   - RFC 6929: RADIUS Protocol Extensions
//   - RFC 7301: TLS Application-Layer Protocol Negotiation Extension
//   - RFC 7542: The Network Access Identifier
//   - RFC 8044: Data Types in RADIUS
//   - RFC 9765: RADIUS/1.1: Leveraging ALPN to Remove MD5
package radius
