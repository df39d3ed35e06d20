/**
 * A glTF head with ARKit's 52 morph targets in three.js, moved by motion events.
 * Works with any head whose morph targets have Apple's names; the eyes turn when they are nodes of their own.
 */

import {
  ACESFilmicToneMapping, DirectionalLight, Group, HemisphereLight, PerspectiveCamera, Scene, WebGLRenderer, GLTFLoader,
} from "./three/three.min.js";

/** Radians an eye turns at weight 1. */
const EYE_SIDE = 0.5;
const EYE_UP = 0.4;
/** Metres: the mean face's width, the unit of the head's translation. */
const FACE_WIDTH = 0.149;

export class Head {
  #renderer;
  #scene = new Scene();
  #camera = new PerspectiveCamera(22, 1, 0.05, 10);
  #head = new Group();
  /** @type {any[]} */ #meshes = [];
  /** @type {number | null} */ #asked = null;
  /** @type {Record<string, any>} */ #eyes = {};
  /** The weights shown now, by name. @type {Record<string, number>} */ weights = {};

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
    this.#renderer.toneMapping = ACESFilmicToneMapping;
    this.#camera.position.set(0, 0.035, 0.86);
    const key = new DirectionalLight(0xfff1e2, 2.6);
    key.position.set(0.5, 0.6, 1);
    const rim = new DirectionalLight(0xbcd4ff, 1.2);
    rim.position.set(-1, 0.3, -0.2);
    this.#scene.add(this.#head, key, rim, new HemisphereLight(0xffffff, 0x8a7768, 1.1));
    new ResizeObserver(() => this.#resize()).observe(canvas);
    /** Resolves when the head is there. */
    this.loaded = this.#load();
  }

  async #load() {
    const { scene } = await new GLTFLoader().loadAsync(new URL("./head.glb", import.meta.url).href);
    scene.traverse((node) => {
      if (node.morphTargetDictionary) this.#meshes.push(node);
      if (node.material) node.material.vertexColors = true;
    });
    this.#eyes = { Left: scene.getObjectByName("EyeLeft"), Right: scene.getObjectByName("EyeRight") };
    this.#head.add(scene);
    this.#draw();
  }

  /** @param {{names: string[], values: number[]}} motion */
  show({ names, values }) {
    const weights = Object.fromEntries(names.map((name, i) => [name, values[i]]));
    this.weights = weights;
    for (const { morphTargetDictionary: shapes, morphTargetInfluences } of this.#meshes) {
      for (const [name, at] of Object.entries(shapes)) morphTargetInfluences[at] = weights[name] ?? 0;
    }
    // Ours: pitch + looks down, yaw + and roll + to the person's left, y + down. three.js: y is up.
    this.#head.rotation.set(weights.headPitch, weights.headYaw, -weights.headRoll, "YXZ");
    this.#head.position.set(weights.headX, -weights.headY, weights.headZ).multiplyScalar(FACE_WIDTH);
    for (const side of ["Left", "Right"]) this.#turnEye(side, weights);
    this.#draw();
  }

  #turnEye(side, weights) {
    const out = weights[`eyeLookOut${side}`] - weights[`eyeLookIn${side}`];
    const down = weights[`eyeLookDown${side}`] - weights[`eyeLookUp${side}`];
    // Out is to the person's left for the left eye.
    const yaw = EYE_SIDE * out * (side === "Left" ? 1 : -1);
    this.#eyes[side]?.rotation.set(EYE_UP * down, yaw, 0, "YXZ");
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.#renderer.domElement;
    if (width === 0 || height === 0) return;
    this.#renderer.setPixelRatio(Math.min(2, globalThis.devicePixelRatio));
    this.#renderer.setSize(width, height, false);
    this.#camera.aspect = width / height;
    // A tall window must not cut the head's sides off.
    this.#camera.position.z = 0.86 * Math.max(1, 0.86 / this.#camera.aspect);
    this.#camera.updateProjectionMatrix();
    this.#draw();
  }

  /** With the display's next picture: motions that come faster than a slow card draws must not queue up. */
  #draw() {
    this.#asked ??= requestAnimationFrame(() => {
      this.#asked = null;
      this.#renderer.render(this.#scene, this.#camera);
    });
  }
}
