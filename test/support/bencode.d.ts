// Types of the `bencode` package as far as tests use it as an oracle.
declare module 'bencode' {
  const codec: { encode(value: unknown): Uint8Array; decode(bytes: Uint8Array): unknown };

  export = codec;
}
