// KRPC messages as they stand in BEP 5, 32, 33, 42, 43, 51 and as real nodes send them: text (Latin-1), and what it means or why it is refused.
import type { MalformedReason } from '@swarmscope/bittorrent/malformed.ts';

export interface KrpcVector {
  readonly name: string;
  readonly text: string;
  /** Fields of the view; a range is given as its text, a filter by its presence. */
  readonly means?: Record<string, unknown>;
  readonly refused?: MalformedReason;
}

const ID = 'abcdefghij0123456789';
const TARGET = 'mnopqrstuvwxyz123456';
const NODE = `${TARGET}\x01\x02\x03\x04\x1a\xe1`;
const NODE6 = `${TARGET}\x20\x01\x0d\xb8${'\0'.repeat(11)}\x01\x1a\xe1`;
const FILTER = '\x01'.repeat(256);

export const KRPC_VECTORS: readonly KrpcVector[] = [
  {
    name: 'ping (BEP 5)',
    text: `d1:ad2:id20:${ID}e1:q4:ping1:t2:aa1:y1:qe`,
    means: { kind: 'query', method: 'ping', id: ID, transaction: 'aa' },
  },
  {
    name: 'ping reply (BEP 5)',
    text: `d1:rd2:id20:${TARGET}e1:t2:aa1:y1:re`,
    means: { kind: 'reply', id: TARGET, transaction: 'aa' },
  },
  {
    name: 'find_node (BEP 5)',
    text: `d1:ad2:id20:${ID}6:target20:${TARGET}e1:q9:find_node1:t2:aa1:y1:qe`,
    means: { kind: 'query', method: 'find_node', target: TARGET },
  },
  {
    name: 'find_node that wants both families (BEP 32), read-only (BEP 43), with a version',
    text: `d1:ad2:id20:${ID}6:target20:${TARGET}4:wantl2:n42:n6ee1:q9:find_node2:roi1e1:t4:aaaa1:v4:SW\0\x011:y1:qe`,
    means: { method: 'find_node', wants4: true, wants6: true, readOnly: true, version: 'SW\0\x01', transaction: 'aaaa' },
  },
  {
    name: 'find_node reply with nodes of both families',
    text: `d1:rd2:id20:${ID}5:nodes52:${NODE}${NODE}6:nodes638:${NODE6}e1:t2:aa1:y1:re`,
    means: { kind: 'reply', nodes: ['1.2.3.4:6881', '1.2.3.4:6881'], nodes6: ['[2001:db8::1]:6881'] },
  },
  {
    name: 'get_peers (BEP 5) with noseed and scrape (BEP 33)',
    text: `d1:ad2:id20:${ID}9:info_hash20:${TARGET}6:noseedi1e6:scrapei1ee1:q9:get_peers1:t2:aa1:y1:qe`,
    means: { method: 'get_peers', target: TARGET, scrape: true, noSeed: true },
  },
  {
    name: 'get_peers reply with peers (BEP 5)',
    text: `d1:rd2:id20:${ID}5:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re`,
    means: { kind: 'reply', token: 'aoeusnth', values: ['97.120.106.101:11893', '105.100.104.116:28269'], valuesCount: 2 },
  },
  {
    name: 'get_peers reply with v4 and v6 peers mixed',
    text: `d1:rd2:id20:${ID}5:token1:x6:valuesl6:axje.u18:${'\x20\x01\x0d\xb8'}${'\0'.repeat(11)}\x01\x1a\xe1ee1:t2:aa1:y1:re`,
    means: { valuesCount: 2, values: ['97.120.106.101:11893'], values6: ['[2001:db8::1]:6881'] },
  },
  { name: 'an empty list of values', text: `d1:rd2:id20:${ID}6:valueslee1:t2:aa1:y1:re`, means: { valuesCount: 0, values: [] } },
  {
    name: 'get_peers reply to scrape (BEP 33)',
    text: `d1:rd4:BFpe256:${FILTER}4:BFsd256:${FILTER}2:id20:${ID}5:token1:xe1:t2:aa1:y1:re`,
    means: { seeds: true, downloaders: true },
  },
  {
    name: 'announce_peer (BEP 5) of a seed (BEP 33)',
    text: `d1:ad2:id20:${ID}12:implied_porti1e9:info_hash20:${TARGET}4:porti6881e4:seedi1e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe`,
    means: { method: 'announce_peer', target: TARGET, port: 6881, impliedPort: true, seed: true, token: 'aoeusnth' },
  },
  {
    name: 'sample_infohashes (BEP 51)',
    text: `d1:ad2:id20:${ID}6:target20:${TARGET}e1:q17:sample_infohashes1:t2:aa1:y1:qe`,
    means: { method: 'sample_infohashes', target: TARGET },
  },
  {
    name: 'sample_infohashes reply (BEP 51) with our address (BEP 42)',
    text: `d2:ip6:\x01\x02\x03\x04\x1a\xe11:rd2:id20:${ID}8:intervali21600e5:nodes0:3:numi12345e7:samples40:${ID}${TARGET}e1:t2:aa1:y1:re`,
    means: { intervalS: 21_600, num: 12_345, samplesCount: 2, nodesCount: 0, ip: '\x01\x02\x03\x04\x1a\xe1' },
  },
  {
    name: 'huge and negative figures are kept as they are, or as unknown',
    text: `d1:rd2:id20:${ID}8:intervali9007199254740991e3:numi-5ee1:t2:aa1:y1:re`,
    means: { intervalS: 9_007_199_254_740_991, num: -1 },
  },
  {
    name: 'error (BEP 5)',
    text: 'd1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee',
    means: { kind: 'error', errorCode: 201, transaction: 'aa' },
  },
  { name: 'error as bitmagnet sends it', text: 'd1:eli201e1:xe1:t2:aa1:y1:re', means: { kind: 'error', errorCode: 201 } },
  { name: 'a method nobody knows', text: `d1:ad2:id20:${ID}e1:q4:vote1:t2:aa1:y1:qe`, means: { kind: 'query', method: 'other' } },
  {
    name: 'get (BEP 44)',
    text: `d1:ad2:id20:${ID}6:target20:${TARGET}e1:q3:get1:t2:aa1:y1:qe`,
    means: { kind: 'query', method: 'get', target: TARGET },
  },
  {
    name: 'put (BEP 44) with a nested value that is stepped over',
    text: `d1:ad2:id20:${ID}5:token1:x1:vd1:ali1ei-5e3:abce1:bd0:0:eee1:q3:put1:t2:aa1:y1:qe`,
    means: { kind: 'query', method: 'put', token: 'x' },
  },
  {
    name: 'unknown keys anywhere, keys out of order, v that is no text',
    text: `d1:y1:q1:t2:aa1:q4:ping1:xd1:yli1eee1:vi5e1:ad5:nodesi1e`.replace('5:nodesi1e', `5:nodez1:x2:id20:${ID}e4:roroi1ee`),
    means: { kind: 'query', method: 'ping', id: ID, version: '', readOnly: false },
  },
  {
    name: '__proto__ is a key like any other',
    text: `d9:__proto__d9:__proto__i1ee1:ad2:id20:${ID}9:__proto__i1ee1:q4:ping1:t2:aa1:y1:qe`,
    means: { method: 'ping' },
  },

  {
    name: '400 values',
    text: `d1:rd2:id20:${ID}6:valuesl${'6:axje.u'.repeat(400)}ee1:t2:aa1:y1:re`,
    means: { kind: 'reply' },
  },
  {
    name: 'put with a value of a hundred parts',
    text: `d1:ad2:id20:${ID}1:vl${'i0e'.repeat(100)}ee1:q3:put1:t2:aa1:y1:qe`,
    means: { method: 'put' },
  },

  { name: 'nothing', text: '', refused: 'truncated' },
  { name: 'a list', text: 'le', refused: 'bad_type' },
  { name: 'an HTTP request', text: 'GET / HTTP/1.1\r\n\r\n', refused: 'bad_type' },
  { name: 'an empty dictionary', text: 'de', refused: 'missing_field' },
  { name: 'bytes behind the end', text: `d1:rd2:id20:${ID}e1:t2:aa1:y1:re\0`, refused: 'trailing_bytes' },
  { name: 'd-3:e, which hangs bencode 4', text: 'd-3:e', refused: 'bad_key' },
  { name: 'l-3:e inside', text: 'd1:xl-3:ee', refused: 'bad_type' },
  { name: 'nesting without end', text: `d1:x${'l'.repeat(3000)}`, refused: 'too_deep' },
  { name: '2^63', text: `d1:rd2:id20:${ID}3:numi9223372036854775808ee1:t2:aa1:y1:re`, refused: 'bad_integer' },
  { name: 'minus zero', text: `d1:rd2:id20:${ID}3:numi-0ee1:t2:aa1:y1:re`, refused: 'bad_integer' },
  { name: 'a leading zero', text: `d1:rd2:id20:${ID}3:numi03ee1:t2:aa1:y1:re`, refused: 'bad_integer' },
  { name: 'a length with a leading zero', text: 'd01:a', refused: 'bad_length' },
  { name: 'a length of 4 GB', text: 'd1:t4294967295:aa', refused: 'bad_length' },
  { name: 'a length beyond the end', text: 'd1:t99999:aa', refused: 'truncated' },
  { name: 'the same key twice', text: `d1:t2:aa1:t2:bb1:y1:re`, refused: 'duplicate_key' },
  { name: 'arguments and results', text: `d1:ad2:id20:${ID}e1:rd2:id20:${ID}e1:t2:aa1:y1:re`, refused: 'duplicate_key' },
  { name: 'the same argument twice', text: `d1:rd2:id20:${ID}2:id20:${ID}e1:t2:aa1:y1:re`, refused: 'duplicate_key' },
  { name: 'an id of 19 bytes', text: `d1:rd2:id19:bcdefghij0123456789e1:t2:aa1:y1:re`, refused: 'bad_length' },
  {
    name: 'nodes that end in the middle of one',
    text: `d1:rd2:id20:${ID}5:nodes25:${NODE.slice(1)}e1:t2:aa1:y1:re`,
    refused: 'bad_length',
  },
  { name: 'a value of 7 bytes', text: `d1:rd2:id20:${ID}6:valuesl7:axje.uxee1:t2:aa1:y1:re`, refused: 'bad_field' },
  { name: 'values that are cut', text: `d1:rd2:id20:${ID}6:valuesl6:axj`, refused: 'truncated' },
  { name: 'values as one string', text: `d1:rd2:id20:${ID}6:values6:axje.ue1:t2:aa1:y1:re`, refused: 'bad_type' },
  { name: 'an id that is a number', text: 'd1:rd2:idi5ee1:t2:aa1:y1:re', refused: 'bad_type' },
  { name: 'a reply without an id', text: 'd1:rde1:t2:aa1:y1:re', refused: 'missing_field' },
  { name: 'a reply without results', text: 'd1:t2:aa1:y1:re', refused: 'missing_field' },
  { name: 'a query without arguments', text: 'd1:q4:ping1:t2:aa1:y1:qe', refused: 'missing_field' },
  { name: 'find_node without a target', text: `d1:ad2:id20:${ID}e1:q9:find_node1:t2:aa1:y1:qe`, refused: 'missing_field' },
  {
    name: 'announce_peer without a token',
    text: `d1:ad2:id20:${ID}9:info_hash20:${TARGET}4:porti1ee1:q13:announce_peer1:t2:aa1:y1:qe`,
    refused: 'missing_field',
  },
  {
    name: 'announce_peer of port 65536',
    text: `d1:ad2:id20:${ID}9:info_hash20:${TARGET}4:porti65536e5:token1:xe1:q13:announce_peer1:t2:aa1:y1:qe`,
    refused: 'out_of_range',
  },
  { name: 'an empty transaction', text: `d1:rd2:id20:${ID}e1:t0:1:y1:re`, refused: 'bad_length' },
  { name: 'a transaction of 65 bytes', text: `d1:rd2:id20:${ID}e1:t65:${'a'.repeat(65)}1:y1:re`, refused: 'bad_length' },
  { name: 'no transaction', text: `d1:rd2:id20:${ID}e1:y1:re`, refused: 'missing_field' },
  { name: 'an unknown kind', text: `d1:rd2:id20:${ID}e1:t2:aa1:y1:xe`, refused: 'unknown_message' },
  { name: 'an error that is no list', text: 'd1:e1:x1:t2:aa1:y1:ee', refused: 'bad_type' },
  { name: 'a filter of 255 bytes', text: `d1:rd4:BFsd255:${FILTER.slice(1)}2:id20:${ID}e1:t2:aa1:y1:re`, refused: 'bad_length' },
  { name: 'a token of 129 bytes', text: `d1:rd2:id20:${ID}5:token129:${'x'.repeat(129)}e1:t2:aa1:y1:re`, refused: 'too_long' },
  { name: 'a key that is no string', text: 'di1ei2ee', refused: 'bad_key' },
  { name: 'two-byte keys without end', text: `d${'0:'.repeat(4_000)}e`, refused: 'too_many_items' },
  { name: 'a list without end', text: `d1:xl${'i0e'.repeat(2_000)}ee`, refused: 'too_many_items' },
  { name: 'more families than there are', text: `d1:ad4:wantl${'2:n4'.repeat(17)}eee`, refused: 'too_many_items' },
  { name: '401 values', text: `d1:rd6:valuesl${'6:axje.u'.repeat(401)}eee`, refused: 'too_many_items' },
  { name: 'a datagram of 8 193 bytes', text: 'x'.repeat(8193), refused: 'too_long' },
];
