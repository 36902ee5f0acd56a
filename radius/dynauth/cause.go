package dynauth

import "strconv"

// Cause is the value of Error-Cause, RFC 5176 §3.5; 0 when the NAS gave none.
type Cause uint32

// Causes lists those that RFC 5176 §3.5 defines, in order.
func Causes() []Cause {
	return []Cause{
		201, 202, 401, 402, 403, 404, 405, 406, 407,
		501, 502, 503, 504, 505, 506, 507, 508,
	}
}

// String says the cause in words that help who asked, with its number.
func (c Cause) String() string {
	number := strconv.FormatUint(uint64(c), 10)
	words := c.words()
	if words == "" {
		return "Error-Cause " + number + ", which RFC 5176 does not define"
	}
	return words + " (" + number + ")"
}

func (c Cause) words() string {
	switch c {
	case 0:
		return "no reason given"
	case 201:
		return "what was left of the session was removed"
	case 202:
		return "an EAP packet was ignored as invalid"
	case 401:
		return "the NAS does not support an attribute of the request"
	case 402:
		return "the NAS wants another attribute to find the session"
	case 403:
		return "the NAS says that the request is for another NAS"
	case 404:
		return "the NAS does not understand the request"
	case 405:
		return "the NAS does not support this service"
	case 406:
		return "the NAS does not support this extension"
	case 407:
		return "an attribute of the request has a value that the NAS does not take"
	case 501:
		return "the NAS is set up not to allow this to us"
	case 502:
		return "a proxy on the way does not know where the session is"
	case 503:
		return "the NAS has no such session"
	case 504:
		return "the NAS cannot end the session"
	case 505:
		return "a proxy on the way failed"
	case 506:
		return "the NAS has no resources left for this"
	case 507:
		return "the NAS will ask us again before it changes anything"
	case 508:
		return "several sessions fit the request, and the NAS takes one at a time"
	}
	return ""
}
