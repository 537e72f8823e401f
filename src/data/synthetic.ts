import { mt19937, type RandomSource } from '../random/mt19937.js';
import { normal, uniform } from '../random/torch.js';
import { classes, imageShape, mean, std } from './cifar10.js';
import type { Dataset, ImageSet } from './dataset.js';

export interface SyntheticOptions {
  /** An integer, |seed| < 2^52: the same seed, the same images. */
  readonly seed: number;
  /** Images to train; fewer are the first of more. */
  readonly train?: number;
  /** Images to test, likewise. */
  readonly test?: number;
}

/**
 * A stand-in for CIFAR-10 where that cannot be had: images of its shape and normalisation, which a network learns, but
 * not at once. Nothing of it resembles a photograph, and no figure from it compares with a published one.
 *
 * Each class is a soft colour texture, periodic over the image. An image shows that of its class, moved about at random
 * with strength and brightness drawn anew, under a weaker one of any class, with noise in every pixel. So the mean
 * image of a class says little, and it takes something like a convolution to tell them apart.
 */
export function syntheticCifar10({ seed, train = 50_000, test = 10_000 }: SyntheticOptions): Dataset {
  // Streams of their own: the seed's own stream is that of the weights.
  const streamOf = (stream: number) => mt19937(seed + stream * 0x9e3779b1);
  const [ofTextures, ofTrain, ofTest] = [streamOf(1), streamOf(2), streamOf(3)];
  const textures = Array.from({ length: classes }, () => texture(ofTextures));
  return {
    name: 'synthetic CIFAR-10',
    imageShape,
    classes,
    mean,
    std,
    augmented: true,
    train: makeImages(textures, train, ofTrain),
    test: makeImages(textures, test, ofTest),
  };
}

const side = 32;
const imageBytes = side * side * 3;
/** Plane waves in a texture, and the most that one of them turns across an image. */
const waves = 4;
const highestFrequency = 5;

/** A periodic image of mean 0 and a deviation about 1, shape [32, 32, 3]: waves of few turns, each in a colour of its own. */
function texture(source: RandomSource): Float32Array {
  const values = new Float32Array(imageBytes);
  for (let wave = 0; wave < waves; wave++) {
    const right = source.next() % (highestFrequency + 1);
    const down = 1 + (source.next() % highestFrequency);
    const colour = normal(source, 16, 0, Math.sqrt(2 / waves));
    for (let i = 0; i < imageBytes; i++) {
      const pixel = Math.floor(i / 3);
      const turns = (right * (pixel % side) + down * Math.floor(pixel / side)) / side;
      values[i]! += colour[i % 3]! * Math.cos(2 * Math.PI * turns);
    }
  }
  return values;
}

/** Figures in pixel steps, 0..255: about the mean and the deviation of photographs. */
const grey = 118;
const brightness = 40;
const strength = { least: 15, most: 45 };
const otherStrength = 20;
const noise = 60;

function makeImages(textures: readonly Float32Array[], count: number, source: RandomSource): ImageSet {
  const images = new Uint8Array(count * imageBytes);
  const labels = new Uint8Array(count);
  const clamped = new Uint8ClampedArray(images.buffer);
  for (let sample = 0; sample < count; sample++) {
    const label = source.next() % classes;
    labels[sample] = label;
    paint(clamped, sample * imageBytes, textures[label]!, textures[source.next() % classes]!, source);
  }
  return { images, labels, count };
}

function paint(
  images: Uint8ClampedArray,
  start: number,
  own: Float32Array,
  other: Float32Array,
  source: RandomSource,
): void {
  const [shade, ownScale, otherScale] = [
    ...uniform(source, 1, grey - brightness, grey + brightness),
    ...uniform(source, 1, strength.least, strength.most),
    ...uniform(source, 1, 0, otherStrength),
  ] as [number, number, number];
  const [ownShift, otherShift] = [source.next(), source.next()];
  for (let row = 0; row < side; row++) {
    const ownRow = ((row + (ownShift >>> 8)) % side) * side;
    const otherRow = ((row + (otherShift >>> 8)) % side) * side;
    for (let column = 0; column < side; column++) {
      const target = start + (row * side + column) * 3;
      const a = (ownRow + ((column + ownShift) & (side - 1))) * 3;
      const b = (otherRow + ((column + otherShift) & (side - 1))) * 3;
      const bits = source.next();
      images[target] = shade + ownScale * own[a]! + otherScale * other[b]! + noiseOf(bits);
      images[target + 1] = shade + ownScale * own[a + 1]! + otherScale * other[b + 1]! + noiseOf(bits >>> 8);
      images[target + 2] = shade + ownScale * own[a + 2]! + otherScale * other[b + 2]! + noiseOf(bits >>> 16);
    }
  }
}

/** Uniform noise from the low byte, ±`noise`. */
function noiseOf(bits: number): number {
  return ((bits & 0xff) - 127.5) * (noise / 127.5);
}
