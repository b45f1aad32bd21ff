// The decoders' own shapes: their packages bring no types.

declare module '@cornerstonejs/codec-charls/decodewasmjs' {
  interface FrameInfo {
    readonly width: number
    readonly height: number
    readonly bitsPerSample: number
    readonly componentCount: number
  }
  interface Decoder {
    getEncodedBuffer(length: number): Uint8Array
    decode(): void
    getDecodedBuffer(): Uint8Array
    getFrameInfo(): FrameInfo
    delete(): void
  }
  interface CharlsModule {
    readonly JpegLSDecoder: new () => Decoder
  }
  export default function load(options?: object): Promise<CharlsModule>
}

declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  interface FrameInfo {
    readonly width: number
    readonly height: number
    readonly bitsPerSample: number
    readonly componentCount: number
    readonly isSigned: boolean
  }
  interface Decoder {
    getEncodedBuffer(length: number): Uint8Array
    decode(): void
    getDecodedBuffer(): Uint8Array
    getFrameInfo(): FrameInfo
    delete(): void
  }
  interface OpenJpegModule {
    readonly J2KDecoder: new () => Decoder
  }
  export default function load(options?: object): Promise<OpenJpegModule>
}
